-- Who wants to hear of the end of a task that is not its own child: `waiters:<target>` holds `<task>:<op>`, with
-- `<partition>/` before it for one of another partition.
local function subscribe(id, op, target, partition)
  local exists, finished = unpack(call('HMGET', key('task', target), 'state', 'finished'))
  local waiter = (partition and partition .. '/' or '') .. id .. ':' .. op
  if finished then return tellWaiter(waiter, target) end
  if not exists then
    local group, index = memberOf(target)
    local known = group and groupOf(group)
    if not known or index >= known.size or entryAt(group, index) == '@' then
      return tellWaiter(waiter, target, 'failed', '{"type":"LookupError","message":"no task ' .. target .. '"}')
    end
    local state, payload = outcomeOf(target)
    if state then return tellWaiter(waiter, target, state, payload) end
    call('SADD', key('awaited', group), target)
    known.awaited = '1'
    put(known.key, 'awaited', 1)
  end
  call('SADD', key('waiters', target), waiter)
end
