#!lua flags=allow-oom
--[[ claim: pending tasks become running under a new token.
  Keeps T2 (new token), T3, T4, D2 (what is claimed or settled is left out), I1. The same session and nonce get the same
  claims again.
  KEYS prefix    ARGV session nonce max bytes, count, ids; channel
  Returns {{claim, ...}, hints}; claim = {id, token, coroutine, args, options, attempt, parent, created, started,
  commits, logged, failures, first operation, begun, time, history, events}    Cost O(claimed + size of their histories) ]]
--# include keys now news sums counts mail inbox ready take wake timers settle members cancel retry end-tree suspects
local session, nonce, max, mostBytes = arg(), arg(), count(), count()
local time, claims, claimed, seen, bytes = now(), {}, {}, {}, 0

local known = {}
local function serves(coroutine)
  if known[coroutine] == nil then known[coroutine] = call('SISMEMBER', key('serves', coroutine), session) == 1 end
  return known[coroutine]
end

-- Most tasks run once and have no operations: what others have besides is read for them only.
local function claim(id)
  local taskKey = key('task', id)
  local state, token, coroutine, args, options, attempt, parent, created, watched, startBy, cancelled =
    unpack(call('HMGET', taskKey, 'state', 'token', 'coroutine', 'args', 'options', 'attempt', 'parent', 'created',
      'watched', 'startBy', 'cancelRequested'))
  local started, commits, crashes, retrying, failures, firstOp, loggedBefore, retryMs, retryAt, begun
  if attempt then
    started, commits, crashes, retrying, failures, firstOp, loggedBefore, retryMs, retryAt, begun =
      unpack(call('HMGET', taskKey, 'started', 'commits', 'crashes', 'retrying', 'failures', 'firstOp', 'loggedBefore',
        'retryMs', 'retryAt', 'begun'))
  end
  attempt = tonumber(attempt or 0)
  local again = token and token == attempt .. ':' .. session .. ':' .. nonce
  if not again then
    if state ~= 'pending' or token or retryMs or retryAt then return call('ZREM', hinted, id) end
    if startBy and endLate(id, time) then return end
    if not serves(coroutine) then
      unschedule(id, coroutine)
      if isServed(coroutine) then call('ZADD', hinted, -(time + 100), id) -- for another worker, in a moment
      else strand(id, coroutine) end
      return
    end
    unschedule(id, coroutine)
    if #claims >= max or bytes > mostBytes then return endUnstarted(id, time) or makeReadyFirst(id, time) end
    if crashes and isSuspect(id) and not tryOn(session, id, claimed) then return call('ZADD', hinted, -(time + 100), id) end
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
    claimed[#claimed + 1] = id
    moved('pending', 'running', 1)
    if watched == '2' then watchedIds[#watchedIds + 1] = id end
    if parent then childMoved(parent, 'pending', 'running', 1) end
  end
  local history, events, logged = {}, {}, 0
  if commits or failures or cancelled then
    history, events = call('LRANGE', key('history', id), 0, -1), eventsFrom(id, 0)
    logged = call('LLEN', key('logs', id)) - (loggedBefore or 0)
  end
  bytes = bytes + #args
  for i = 1, #history do bytes = bytes + #history[i] end
  for i = 1, #events do bytes = bytes + #events[i] end
  claims[#claims + 1] = { id, token, coroutine, args, options, attempt, parent or '', created, started, commits or 0,
    logged, failures or 0, firstOp or 0, begun or started, time, history, events }
end

for _ = 1, count() do
  local id = arg()
  if not seen[id] then claim(id) end
  seen[id] = true
end
for from = 1, #claimed, 1000 do
  call('SADD', key('claims', session), unpack(claimed, from, math.min(from + 999, #claimed)))
end
local toldOf = string.match(call('HGET', key('session', session), 'direct') or '', ' (.*)$')
if seen[toldOf or ''] then call('HDEL', key('session', session), 'direct') end -- it hears, and is told of more (direct.lua)
local taken = take(time)
publishNews()
return { claims, taken }
