-- Sessions: who lives, what they serve, how many slots there are.
local sessions
atStart(function() sessions = prefix .. 'sessions' end)

-- Leases are counted in the store's up-time: what has passed since the last sweep, but at most 1.5 s, and half a second after
-- more than 3 s without any (rule 2). Each sweep keeps it.
local function uptime(time)
  local up, swept = unpack(call('MGET', prefix .. 'uptime', prefix .. 'swept'))
  local since = time - tonumber(swept or time)
  return tonumber(up or 0) + (since > 3000 and 500 or math.max(0, math.min(since, 1500)))
end

-- The id of a session is the name of its worker and a suffix of its own.
local function workerOf(session) return string.match(session, '^(.+)%-[^-]*$') or session end

-- `capacity`: the slots of live sessions that take work, and which drain. Cost O(sessions); only when one comes, goes or drains.
local function recount()
  local slots, drain = 0, ''
  for _, session in ipairs(call('ZRANGE', sessions, 0, -1)) do
    local own, draining = unpack(call('HMGET', key('session', session), 'slots', 'draining'))
    if draining == '1' then drain = drain .. ' ' .. session
    else slots = slots + tonumber(own or 0) end
  end
  call('SET', prefix .. 'capacity', slots .. drain)
  return slots
end

local function stopServing(session)
  for _, coroutine in ipairs(call('SMEMBERS', key('serving', session))) do
    call('SREM', key('serves', coroutine), session)
  end
  call('DEL', key('serving', session))
end
