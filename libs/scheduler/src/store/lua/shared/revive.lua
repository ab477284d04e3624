-- A claimed task goes back to ready, before all others; its token is void (T2, T3).
local function revive(id, session, attempts, time)
  local taskKey = key('task', id)
  promoteClaimed(id)
  call('SREM', key('claims', session), id)
  local worker, token, parent, state = unpack(call('HMGET', taskKey, 'worker', 'token', 'parent', 'state'))
  if not token or token == '' or worker ~= session then return end
  call('HDEL', taskKey, 'token')
  call('HSET', taskKey, 'state', 'pending', 'waits', time)
  moved(state, 'pending', 1)
  if attempts ~= 0 then call('HINCRBY', taskKey, 'attempt', attempts) end
  if parent then childMoved(parent, 'running', 'pending', 1) end
  makeReadyFirst(id, time)
end

-- Tasks that waited for a worker that knows their coroutine. At most `max`.
local function unstrand(coroutine, max)
  local waiting = key('stranded', coroutine)
  local ids = call('SPOP', waiting, max)
  for _, id in ipairs(ids) do
    call('HDEL', key('task', id), 'stranded')
    makeReady(id, call('HGET', key('task', id), 'priority'))
  end
  if call('EXISTS', waiting) == 0 then call('SREM', prefix .. 'stranded', coroutine) end
  return #ids
end
