#!lua flags=no-writes
--[[ inbox: events of a task, for people. Reads only.
  KEYS prefix    ARGV id from count bytes    Returns events, fewer than asked for when they are large, one at least
  Cost O(count) ]]
--# include keys news texts batches members inbox
local id, from, wanted, mostBytes = arg(), count(), count(), count()
local events, bytes = {}, 0
for _, event in ipairs(call('LRANGE', key('inbox', id), from, from + wanted - 1)) do
  events[#events + 1] = expand(event)
  bytes = bytes + #events[#events]
  if bytes > mostBytes then break end
end
return events
