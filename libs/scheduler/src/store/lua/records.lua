#!lua flags=no-writes
--[[ records: tasks as they stand, those in the backlog of a group included. Reads only.
  KEYS prefix    ARGV count, ids    Returns a flat list of fields and values for each, {} for an unknown id
  Cost O(ids), and O(backlog) for one in a backlog ]]
--# include keys members
local rows = {}
for i = 1, count() do
  local id = arg()
  local fields = call('HGETALL', key('task', id))
  if #fields == 0 then
    local group, index = memberOf(id)
    local size, popped, parent, created, dropped, payload, at
    if group then
      size, popped, parent, created, dropped, payload, at = unpack(call('HMGET', key('group', group), 'size', 'popped',
        'parent', 'created', 'dropped', 'droppedPayload', 'droppedAt'))
    end
    if size and index < tonumber(size) then
      local row = call('LINDEX', key('backlog', group), index - tonumber(dropped or popped))
      local coroutine, _, options = string.match(row, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n')
      fields = { 'parent', parent, 'created', created, 'coroutine', coroutine, 'options', options }
      local more = dropped and { 'state', 'cancelled', 'payload', payload, 'finished', at } or { 'state', 'pending' }
      for _, value in ipairs(more) do fields[#fields + 1] = value end
    end
  end
  rows[i] = fields
end
return rows
