-- Fields and values of a task, {} when it is unknown; and of one that is no record, whether it is open.
local function recordOf(id)
  local group, index = memberOf(id)
  if not group or not isBundle(group) then
    local fields = call('HGETALL', key('task', id))
    if #fields > 0 or not group then return fields end
  end
  local size, parent, created, dropped, droppedPayload, droppedAt =
    unpack(call('HMGET', key('group', group), 'size', 'parent', 'created', 'dropped', 'droppedPayload', 'droppedAt'))
  local entry = size and index < tonumber(size) and entryAt(group, index)
  if entry == '@' or (not size and isBundle(group)) then return call('HGETALL', key('task', id)) end
  if not size or index >= tonumber(size) then return {} end
  local coroutine, _, options = rowOf(group, index)
  local fields = { 'created', created, 'coroutine', coroutine, 'options', options }
  if parent then fields[7], fields[8] = 'parent', parent end
  local state, number, ms, payload = endOf(entry)
  local more = { 'state', 'pending' }
  if state then more = { 'state', state, 'payload', payload, 'finished', created + ms }
  elseif entry then
    number = string.sub(entry, 2)
    more = { 'state', 'running' }
  elseif dropped and index >= tonumber(dropped) then
    more = { 'state', 'cancelled', 'payload', droppedPayload, 'finished', droppedAt }
  end
  for _, value in ipairs(more) do fields[#fields + 1] = value end
  if not number then return fields, not dropped end
  if hasChildren(entry) then
    local total = 0
    for _, child in ipairs(call('LRANGE', key('children', id), 0, -1)) do total = total + string.match(child, '%d+$') end
    for _, value in ipairs({ 'total', total, 'succeeded', total }) do fields[#fields + 1] = value end
  end
  local batch = batchOf(group, number)
  for _, value in ipairs({ 'attempt', '1', 'started', batch.started, 'worker', sessionOf(batch.token) }) do
    fields[#fields + 1] = value
  end
  return fields, not state
end
