-- Direct hints (contract/store.ts): while workers have room one of them is told of a task at once, by the channel of its news.
-- The field `direct` of a session: when it was told of what, as long as it has not come to claim that.
local mostDirect, overdueMs, promptMs, distrustMs, silentMs = 4, 300, 50, 30000, 2500

-- Slots in use, and the share of all slots that they are with what is on its way; nil when it is not to be told.
-- What came to be suspended since its last beat counts as in use: at worst Dispatch carries what it might have had.
local function useOf(session, time, up, waiting)
  local slots, suspended, draining, stuck, succeeded, told, batched = unpack(call('HMGET', key('session', session),
    'slots', 'suspended', 'draining', 'stuck', 'succeeded', 'direct', 'batched'))
  local beat = call('ZSCORE', sessions, session)
  if not beat or up - beat > silentMs or draining == '1' or stuck == '1' or succeeded then return nil end
  local since = told and time - string.match(told, '^%d+')
  if since and since > distrustMs then call('HDEL', key('session', session), 'direct')
  elseif since and since > promptMs then return nil end
  local used = math.max(0, claimedBy(session, batched or 0) - tonumber(suspended or 0))
  if used + waiting > math.max(1, tonumber(slots) / 2) then return nil end
  return used, (used + waiting) / tonumber(slots)
end

-- Of equals each has its turn: the last character of an id is random.
local function sessionFor(id, time, up, waiting)
  local some = call('SRANDMEMBER', key('serves', call('HGET', key('task', id), 'coroutine')), 3)
  local best, least
  for i = 1, #some do
    local session = some[(string.byte(id, -1) + i) % #some + 1]
    local used, share = useOf(session, time, up, waiting)
    if used == 0 then return session end
    if used and (not least or share < least) then best, least = session, share end
  end
  return best
end

-- Answers those of the hints that nobody was told of; what belongs to a tree that runs already is among them. No hint is lost
-- for a worker that has died: nobody hears it then, and where that is not known (a listener on another node of a Redis
-- Cluster) the caller has it too (D2).
local function direct(hints, time)
  if #hints == 0 or #hints > 2 * mostDirect then return hints end
  local left, up, waiting = {}, uptime(time), call('ZCARD', hinted)
  for i = 1, #hints, 2 do
    local id, priority = hints[i], hints[i + 1]
    local session = id == rootOf(id) and sessionFor(id, time, up, waiting)
    if session and call('PUBLISH', ARGV[#ARGV] .. ':' .. session, 'hints\n' .. id .. '\n' .. priority) > 0 then
      call('ZADD', hinted, -(time + overdueMs), id)
      call('HSETNX', key('session', session), 'direct', string.format('%.0f ', time) .. id)
    else
      left[#left + 1] = id
      left[#left + 1] = priority
    end
  end
  return left
end
