--[[ stage: members of a large gather, before the turn that commits it. Nobody sees them: the group does not exist yet.
  A first chunk replaces what an earlier run has left; a chunk that is there already is left alone (re-sent).
  KEYS prefix    ARGV group, from, count, rows    Returns 1, or 0 when the chunk before is missing    Cost O(rows) ]]
--# include keys
local group, from = arg(), count()
local backlog = key('backlog', group)
if call('EXISTS', key('group', group)) == 1 then return 1 end
if from == 0 then call('DEL', backlog) end
local length = call('LLEN', backlog)
if length < from then return 0 end
if length == from then
  for _ = 1, count() do call('RPUSH', backlog, arg()) end
  call('EXPIRE', backlog, 3600)
end
return 1
