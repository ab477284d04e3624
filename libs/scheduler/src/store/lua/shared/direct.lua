-- While workers have room one of them is told of a new root at once, by the channel of its news (contract/store.ts): that it has
-- been claimed for it (direct claim), or that it may be claimed (direct hint). The field `direct` of a session: when it was told of
-- what, as long as it has not come to claim that; `given`: the number of its last direct claim.
local mostDirect, overdueMs, promptMs, distrustMs, silentMs, mostGiven = 4, 300, 50, 30000, 2500, 16384

-- Slots in use, the share of all slots that they are with what is on its way, how many tasks it has claimed, and `given`; nil
-- when it is not to be told. What came to be suspended since its last beat counts as in use: at worst Dispatch carries what it
-- might have had.
local function useOf(session, time, up, waiting)
  local slots, suspended, draining, stuck, succeeded, told, batched, given = unpack(call('HMGET', key('session', session),
    'slots', 'suspended', 'draining', 'stuck', 'succeeded', 'direct', 'batched', 'given'))
  local beat = call('ZSCORE', sessions, session)
  if not beat or up - beat > silentMs or draining == '1' or stuck == '1' or succeeded then return nil end
  local since = told and time - string.match(told, '^%d+')
  if since and since > distrustMs then call('HDEL', key('session', session), 'direct')
  elseif since and since > promptMs then return nil end
  local claimed = claimedBy(session, batched or 0)
  local used = math.max(0, claimed - tonumber(suspended or 0))
  if used + waiting > math.max(1, tonumber(slots) / 2) then return nil end
  return used, (used + waiting) / tonumber(slots), claimed, tonumber(given or 0)
end

-- The session, and its `given` when it holds nothing. Of equals each has its turn: the last character of an id is random.
local function sessionFor(id, coroutine, time, up, waiting)
  local some = call('SRANDMEMBER', key('serves', coroutine), 3)
  local best, least
  for i = 1, #some do
    local session = some[(string.byte(id, -1) + i) % #some + 1]
    local used, share, claimed, given = useOf(session, time, up, waiting)
    if used == 0 then return session, claimed == 0 and given end
    if used and (not least or share < least) then best, least = session, share end
  end
  return best, false
end

local function tell(session, what) return call('PUBLISH', ARGV[#ARGV] .. ':' .. session, what) > 0 end

-- Numbers of direct claims only grow, also when the store has lost its tail, and are part of the token (T2).
local function claimFor(session, given, task, time)
  local number, at = spell(math.max(given + 1, time * 1000)), spell(time)
  local token = '1:' .. session .. ':d' .. number
  local row = table.concat({ task.id, task.created, '', task.options or '{}', task.coroutine, task.args }, '\n')
  if not tell(session, 'claim\n' .. number .. '\n' .. token .. '\n' .. at .. '\n' .. row) then return false end
  call('ZREM', hinted, task.id)
  call('HSET', key('task', task.id), 'state', 'running', 'attempt', 1, 'token', token, 'worker', session, 'started', at)
  call('HSET', key('session', session), 'given', number)
  call('SADD', key('claims', session), task.id)
  moved('pending', 'running', 1)
  return true
end

local function hintTo(session, id, priority, time)
  if not tell(session, 'hints\n' .. id .. '\n' .. priority) then return false end
  call('ZADD', hinted, -(time + overdueMs), id)
  call('HSETNX', key('session', session), 'direct', string.format('%.0f ', time) .. id)
  return true
end

-- Answers those of the hints that nobody was told of; what belongs to a tree that runs already is among them. No hint is lost
-- for a worker that has died: nobody hears it then, and where that is not known (a listener on another node of a Redis
-- Cluster) the caller has it too (D2). `mayClaim`: what a session has claimed here is all that it has.
local function direct(hints, mayClaim, time)
  if #hints == 0 or #hints > 2 * mostDirect then return hints end
  local left, up, waiting = {}, uptime(time), call('ZCARD', hinted)
  for i = 1, #hints, 2 do
    local id, priority, told = hints[i], hints[i + 1], false
    if id == rootOf(id) and not memberOf(id) then
      local coroutine, args, options, attempt, created, watched, startBy, cancelled = unpack(call('HMGET', key('task', id),
        'coroutine', 'args', 'options', 'attempt', 'created', 'watched', 'startBy', 'cancelRequested'))
      local session, given = sessionFor(id, coroutine, time, up, waiting)
      local plain = not (attempt or watched or startBy or cancelled) and #args <= mostGiven
      if session and given and plain and mayClaim then
        told = claimFor(session, given, { id = id, coroutine = coroutine, args = args, options = options, created = created }, time)
      elseif session then told = hintTo(session, id, priority, time) end
    end
    if not told then left[#left + 1], left[#left + 2] = id, priority end
  end
  writeAll()
  return left
end
