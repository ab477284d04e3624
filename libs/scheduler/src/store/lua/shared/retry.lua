-- Attempts that follow a failed one. `retrying` is there from the end of the one to the claim of the next; `retryMs` until
-- the children of the failed one have ended, then `retryAt` until the wait is over.
backOff = function(id, time)
  local taskKey = key('task', id)
  written(taskKey)
  local ms, pending, running = unpack(call('HMGET', taskKey, 'retryMs', 'pending', 'running'))
  if not ms or tonumber(pending or 0) + tonumber(running or 0) > 0 then return end
  call('HDEL', taskKey, 'retryMs')
  call('HSET', taskKey, 'retryAt', time + ms)
  setTimer(id, 'retry', time + ms)
end

-- Cancels a page of the children of the failed attempt; the sweep goes on with the next. Answers whether there is one.
local function endAttempt(id, time)
  local taskKey, page = key('task', id), 500
  local from = tonumber(call('HGET', taskKey, 'childrenBefore') or 0)
  local cancel = '-1\ncancel\nretry:' .. id .. ':' .. call('HGET', taskKey, 'firstOp') .. '\n'
  local entries = call('LRANGE', key('children', id), from, from + page - 1)
  call('HSET', taskKey, 'childrenBefore', from + #entries)
  for _, entry in ipairs(entries) do
    local group = string.match(entry, '^(.*):%d+$')
    if group then cancelGroup(group, '', cancel, time) else cancelTask(entry, '', cancel, time) end
  end
  local more = #entries == page and call('HEXISTS', taskKey, 'retryMs') == 1
  if more then setTimer(id, 'retry', time) else backOff(id, time) end
  return more
end

-- The task is claimed by nobody any more; its counts as a child follow its state (T4).
local function retry(id, before, payload, ms, firstOp, time)
  local taskKey = key('task', id)
  local parent, watched = unpack(call('HMGET', taskKey, 'parent', 'watched'))
  call('HDEL', taskKey, 'token', 'known', 'crashes', 'crashedFrom')
  call('DEL', key('history', id), key('inbox', id), key('abroad', id))
  dropTimers(id)
  call('HSET', taskKey, 'state', 'pending', 'retrying', 1, 'retryMs', ms, 'firstOp', firstOp, 'retryError', payload,
    'loggedBefore', call('LLEN', key('logs', id)))
  call('HINCRBY', taskKey, 'failures', 1)
  moved(before, 'pending', 1)
  if watched == '2' then watchedIds[#watchedIds + 1] = id end
  if parent then childMoved(parent, 'running', 'pending', 1) end
  endAttempt(id, time)
end

-- Its timer is due. Answers whether it must be called again soon.
local function continueRetry(id, time)
  if call('HEXISTS', key('task', id), 'retryMs') == 1 then return endAttempt(id, time) end
  call('HDEL', key('task', id), 'retryAt')
  call('HSET', key('task', id), 'waits', time)
  makeReady(id, call('HGET', key('task', id), 'priority'))
  return false
end
