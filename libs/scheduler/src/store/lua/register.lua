#!lua flags=allow-oom
--[[ register: makes a session known, or changes what it serves. Of other sessions of the
  same worker name those that do not beat soon are dead (sweep).
  KEYS prefix    ARGV session host pid version slots coroutines(JSON), count, names    Returns 1, or 0 for a session that was given up
  Cost O(names + sessions); tasks that waited for these names follow in the next sweeps ]]
--# include keys now sessions
local session, time = arg(), now()
local sessionKey = key('session', session)
if call('HEXISTS', sessionKey, 'lost') == 1 then return 0 end -- sent again after it was given up: the next beat tells
call('ZADD', sessions, uptime(time), session)
call('HSET', sessionKey, 'host', arg(), 'pid', arg(), 'version', arg(), 'slots', arg(), 'coroutines', arg(), 'began', time)
call('HSETNX', sessionKey, 'running', 0)
call('HSETNX', sessionKey, 'suspended', 0)
for _, other in ipairs(call('ZRANGE', sessions, 0, -1)) do
  if other ~= session and workerOf(other) == workerOf(session) then call('HSET', key('session', other), 'succeeded', 1) end
end
stopServing(session)
for _ = 1, count() do
  local coroutine = arg()
  call('SADD', key('serves', coroutine), session)
  call('SADD', key('serving', session), coroutine)
  if call('SCARD', prefix .. 'names') < 200 then call('SADD', prefix .. 'names', coroutine) end
end
recount()
return 1
