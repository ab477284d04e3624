#!lua flags=allow-oom
--[[ claim: pending tasks become running under a new token.
  Keeps T2 (new token), T3, T4, D2 (what is claimed or settled is left out), I1. The same session and nonce get the same
  claims again.
  KEYS prefix    ARGV session nonce max bytes, count, ids; channel
  Returns {{claim, ...}, hints}; claim = {id, token, coroutine, args, options, attempt, parent, created, started,
  commits, logged, failures, first operation, begun, time, history, events}    Cost O(claimed + size of their histories) ]]
--# include keys now news counts mail inbox ready take wake timers settle members cancel retry end-tree suspects
local session, nonce, max, mostBytes = arg(), arg(), count(), count()
local time, claims, seen, bytes = now(), {}, {}, 0

local function claim(id)
  local taskKey = key('task', id)
  local state, token, coroutine, args, options, attempt, parent, created, started, commits, watched, crashes, retrying,
    failures, firstOp, loggedBefore, retryMs, retryAt, startBy, begun = unpack(call('HMGET', taskKey, 'state', 'token', 'coroutine', 'args',
      'options', 'attempt', 'parent', 'created', 'started', 'commits', 'watched', 'crashes', 'retrying', 'failures',
      'firstOp', 'loggedBefore', 'retryMs', 'retryAt', 'startBy', 'begun'))
  attempt = tonumber(attempt or 0)
  local again = token and token == attempt .. ':' .. session .. ':' .. nonce
  if not again then
    if state ~= 'pending' or token or retryMs or retryAt then return call('ZREM', hinted, id) end
    if startBy and endLate(id, time) then return end
    if call('SISMEMBER', key('serves', coroutine), session) == 0 then
      unschedule(id, coroutine)
      if isServed(coroutine) then call('ZADD', hinted, -(time + 100), id) -- for another worker, in a moment
      else strand(id, coroutine) end
      return
    end
    unschedule(id, coroutine)
    if #claims >= max or bytes > mostBytes then return endUnstarted(id, time) or makeReadyFirst(id, time) end
    if crashes and isSuspect(id) and not tryOn(session, id) then return call('ZADD', hinted, -(time + 100), id) end
    attempt = attempt + 1
    token = attempt .. ':' .. session .. ':' .. nonce
    started = started or time
    call('HSET', taskKey, 'state', 'running', 'attempt', attempt, 'token', token, 'worker', session, 'started', started)
    if retrying then
      begun = time
      call('HDEL', taskKey, 'retrying')
      call('HSET', taskKey, 'begun', begun)
    end
    if startBy then
      call('HDEL', taskKey, 'startBy')
      clearTimer(id, 'limit')
    end
    call('SADD', key('claims', session), id)
    moved('pending', 'running', 1)
    if watched == '2' then watchedIds[#watchedIds + 1] = id end
    if parent then
      call('HINCRBY', key('task', parent), 'pending', -1)
      call('HINCRBY', key('task', parent), 'running', 1)
    end
  end
  local history, events = call('LRANGE', key('history', id), 0, -1), eventsFrom(id, 0)
  bytes = bytes + #args
  for i = 1, #history do bytes = bytes + #history[i] end
  for i = 1, #events do bytes = bytes + #events[i] end
  claims[#claims + 1] = { id, token, coroutine, args, options, attempt, parent or '', created, started, commits or 0,
    call('LLEN', key('logs', id)) - (loggedBefore or 0), failures or 0, firstOp or 0, begun or started, time, history, events }
end

for _ = 1, count() do
  local id = arg()
  if not seen[id] then claim(id) end
  seen[id] = true
end
local taken = take(time)
publishNews()
return { claims, taken }
