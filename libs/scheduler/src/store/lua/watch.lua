#!lua flags=allow-oom
--[[ watch: asks for news of a task when it settles, or at each commit (follow), and tells how it stands.
  KEYS prefix    ARGV id follow    Returns its fields and values, {} when it is unknown
  Cost O(1), and O(backlog) for one in a backlog ]]
--# include keys now news sums counts texts batches members groups whole bundles promote record
local id, follow = arg(), arg()
local taskKey = key('task', id)
local group = memberOf(id)
if not group or not isBundle(group) then promoteClaimed(id) -- an entry has no room for it
elseif follow == '1' then promote(id)
else
  local row, isOpen = recordOf(id)
  if isOpen then call('HSET', key('group', group), 'watched', 1) end
  if isOpen ~= nil then return row end
end
local created, finished, parent, client = unpack(call('HMGET', taskKey, 'created', 'finished', 'parent', 'client'))
if created and not finished then
  if follow == '1' then call('HSET', taskKey, 'watched', 2)
  elseif parent or client then call('HSETNX', taskKey, 'watched', 1) end -- else all clients are told of its end anyway
end
writeAll()
return recordOf(id)
