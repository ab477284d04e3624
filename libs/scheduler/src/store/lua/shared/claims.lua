-- Claims of one session: which tasks start there, under which token. `claimAs` tells whose. Those that run for the first time have
-- much in common, and are told in few words: `firstRuns`.
local session, nonce, max, mostBytes, firstToken, time
local claims, firstRuns, claimed, bytes, taken, known, seen
atStart(function()
  session, nonce, max, mostBytes, firstToken, time = nil, nil, 0, 0, nil, nil
  claims, firstRuns, claimed, bytes, taken, known, seen = {}, newTexts(), {}, 0, 0, {}, {}
end)
local function claimAs(at)
  session, nonce, max, mostBytes, time = arg(), arg(), count(), count(), at
  firstToken = '1:' .. session .. ':' .. nonce
end

local function serves(coroutine)
  if known[coroutine] == nil then known[coroutine] = call('SISMEMBER', key('serves', coroutine), session) == 1 end
  return known[coroutine]
end

local function giveToOthers(id, coroutine)
  unschedule(id, coroutine)
  if isServed(coroutine) then call('ZADD', hinted, -(time + 100), id) -- for another worker, in a moment
  else strand(id, coroutine) end
end

local function once(id)
  local new = not seen[id]
  seen[id] = true
  return new
end

local function isFull() return taken >= max or bytes > mostBytes end

-- {token, time, 'row NUL row ...', ...} of those that run for the first time; a row: id, created, parent, options, coroutine and
-- args, a line each.
local function firstClaims() return { firstToken or '', time or 0, unpack(allTexts(firstRuns)) } end

local function readClaimed(id)
  return call('HMGET', key('task', id), 'state', 'token', 'coroutine', 'args', 'options', 'attempt', 'parent', 'created',
    'watched', 'startBy', 'cancelRequested')
end

-- Most tasks run once and have no operations: what others have besides is read for them only. `row`: of readClaimed.
-- `popped`: it has just been taken from where it waited.
local function claimRecord(id, row, popped)
  local taskKey = key('task', id)
  local state, token, coroutine, args, options, attempt, parent, created, watched, startBy, cancelled =
    unpack(row or readClaimed(id), 1, 11)
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
    if not serves(coroutine) then return giveToOthers(id, coroutine) end
    if not popped then unschedule(id, coroutine) end
    if isFull() then return endUnstarted(id, time) or makeReadyFirst(id, time) end
    if crashes and isSuspect(id) and not tryOn(session, id, claimed) then return call('ZADD', hinted, -(time + 100), id) end
    attempt = attempt + 1
    token = attempt == 1 and firstToken or attempt .. ':' .. session .. ':' .. nonce
    started = started and tonumber(started) or time
    call('HSET', taskKey, 'state', 'running', 'attempt', spell(attempt), 'token', token, 'worker', session, 'started', spell(started))
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
  taken = taken + 1
  if token == firstToken and started == time and not (commits or failures or cancelled) then
    return addText(firstRuns, table.concat({ id, created, parent or '', options or '{}', coroutine, args }, '\n'))
  end
  claims[#claims + 1] = { id, token, coroutine, args, options or '{}', attempt, parent or '', created, started, commits or 0,
    logged, failures or 0, firstOp or 0, begun or started, time, history, events }
end
