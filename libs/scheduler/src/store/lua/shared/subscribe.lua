-- Who wants to hear of the end of a task that is not its own child: `waiters:<target>` holds `<task>:<op>`, with
-- `<partition>/` before it for one of another partition.
local function subscribe(id, op, target, partition)
  local state, finished = unpack(call('HMGET', key('task', target), 'state', 'finished'))
  local waiter = (partition and partition .. '/' or '') .. id .. ':' .. op
  if finished then return tellWaiter(waiter, target) end
  if not state then
    if not isMember(target) then
      return tellWaiter(waiter, target, 'failed', '{"type":"LookupError","message":"no task ' .. target .. '"}')
    end
    local group = memberOf(target)
    local dropped = call('HGET', key('group', group), 'droppedPayload')
    if dropped then return tellWaiter(waiter, target, 'cancelled', dropped) end
    call('SADD', key('awaited', group), target)
  end
  call('SADD', key('waiters', target), waiter)
end
