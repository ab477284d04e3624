-- A parked task to which something has happened goes before all that are new. It is the same attempt that goes on, which
-- the claim will count again.
wake = function(id)
  local taskKey, time = key('task', id), now()
  local parent = call('HGET', taskKey, 'parent')
  call('HDEL', taskKey, 'parked')
  call('HSET', taskKey, 'state', 'pending', 'waits', time)
  call('HINCRBY', taskKey, 'attempt', -1)
  moved('suspended', 'pending', 1)
  if parent then childMoved(parent, 'running', 'pending', 1) end
  makeReadyFirst(id, time)
end
