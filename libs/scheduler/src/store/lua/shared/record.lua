-- Fields and values of a task; {} when it is unknown.
local function recordOf(id)
  local fields = call('HGETALL', key('task', id))
  if #fields > 0 then return fields end
  local group, index = memberOf(id)
  if group == nil then return fields end
  local size, popped, parent, created, dropped, payload, at = unpack(call('HMGET', key('group', group), 'size', 'popped',
    'parent', 'created', 'dropped', 'droppedPayload', 'droppedAt'))
  if not size or index >= tonumber(size) then return fields end
  local row = call('LINDEX', key('backlog', group), index - tonumber(dropped or popped))
  local coroutine, _, options = string.match(row, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n')
  fields = { 'parent', parent, 'created', created, 'coroutine', coroutine, 'options', options }
  local more = dropped and { 'state', 'cancelled', 'payload', payload, 'finished', at } or { 'state', 'pending' }
  for _, value in ipairs(more) do fields[#fields + 1] = value end
  return fields
end
