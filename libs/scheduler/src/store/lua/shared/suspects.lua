-- Tasks that ran when their worker died. After two such crashes in a row a task is a suspect: a worker runs one of them at a
-- time, so that the third crash has one suspect only, which fails for it; the innocent end or get on, and are cleared.
local mostCrashes, mostInAll = 3, 10

local function isSuspect(id) return tonumber(call('HGET', key('task', id), 'crashes') or 0) >= mostCrashes - 1 end

-- True when the session may run the suspect now: it runs no other.
-- `claimed`: what it has just claimed, and is not in the set yet.
local function tryOn(session, id, claimed)
  local sessionKey = key('session', session)
  local other = call('HGET', sessionKey, 'suspect')
  if other and other ~= id and isSuspect(other) then
    if call('SISMEMBER', key('claims', session), other) == 1 then return false end
    for _, each in ipairs(claimed) do if each == other then return false end end
  end
  call('HSET', sessionKey, 'suspect', id)
  return true
end

-- One of those that wait a moment need not wait longer.
local function nextSuspect(time)
  local id = call('ZRANGEBYSCORE', hinted, '-inf', '(0', 'LIMIT', 0, 1)[1]
  if not id then return end
  call('ZREM', hinted, id)
  makeReadyFirst(id, time)
end

-- The session that has the task has died. A task that was suspended, and had no news to go on with, did not run then. The number of crashes
-- when it has done so too often and is not to run again: three in a row, and more than two thirds of all workers that have
-- died since the first of them, but for those whose culprit is known; or ten. Where workers die of something else all the
-- time, those that they run are innocent: a kill every 2 s met what had just been taken over from the last but one.
local function crashed(id, session)
  local taskKey = key('task', id)
  local state, known, token, from = unpack(call('HMGET', taskKey, 'state', 'known', 'token', 'crashedFrom'))
  if not token or sessionOf(token) ~= session then return false end
  if state == 'suspended' and call('LLEN', key('inbox', id)) <= tonumber(known or 0) then return false end
  local crashes, deaths = call('HINCRBY', taskKey, 'crashes', 1), tonumber(call('GET', prefix .. 'deaths') or 0)
  if crashes == 1 then call('HSET', taskKey, 'crashedFrom', deaths - 1) end
  local guilty = crashes >= mostInAll or (crashes >= mostCrashes and 3 * crashes > 2 * (deaths - tonumber(from or 0)))
  return guilty and crashes
end
