#!lua
--[[ stage: members of a large gather, before the turn that commits it. Nobody sees them: the group does not exist yet.
  They are kept under the token of the claim, so that no other run can mix its own in. A chunk that is there already
  is left alone (re-sent).
  KEYS prefix    ARGV group, token, from, rows in one text with NUL between    Returns 1, or 0 when the chunk before is missing    Cost O(rows) ]]
--# include keys now sums texts
local group, token, from = arg(), arg(), count()
local staged = key('staged', token .. ':' .. group)
if call('EXISTS', key('group', group)) == 1 then return 1 end
if from == 0 then call('DEL', staged) end
local length = call('LLEN', staged)
if length < from then return 0 end
if length == from then
  local text = arg()
  if text ~= '' then callWithAll('RPUSH', staged, textsIn(text)) end
  call('EXPIRE', staged, 3600)
end
return 1
