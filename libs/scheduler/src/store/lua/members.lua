#!lua flags=no-writes
--[[ members: outcomes of members of a group, in order. Reads only.
  KEYS prefix    ARGV group from count bytes    Returns {{state payload state payload ...}, size, created, decided, now}; in the
  rows '' '' for one that has not ended
  Cost O(count) ]]
--# include keys now
local group, from, wanted, mostBytes, bytes = arg(), count(), count(), count(), 0
local size, dropped, droppedPayload, created, decided =
  unpack(call('HMGET', key('group', group), 'size', 'dropped', 'droppedPayload', 'created', 'decidedAt'))
local rows = {}
for index = from, math.min(from + wanted, tonumber(size or 0)) - 1 do
  local state, payload = unpack(call('HMGET', key('task', group .. '.' .. index), 'state', 'payload'))
  if not state and dropped and index >= tonumber(dropped) then state, payload = 'cancelled', droppedPayload end
  rows[#rows + 1] = payload and state or ''
  rows[#rows + 1] = payload or ''
  bytes = bytes + #rows[#rows]
  if bytes > mostBytes then break end
end
return { rows, size or 0, created or 0, decided or 0, now() }
