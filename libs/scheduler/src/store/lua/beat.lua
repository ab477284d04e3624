#!lua flags=allow-oom
--[[ beat: a session lives. Allowed when memory is full: a full store must not cost anybody the lease (H2).
  KEYS prefix    ARGV session running suspended draining stuck    Returns 1, or 0 when the session was given up   Cost O(1) ]]
--# include keys now sessions
local session, running, suspended, draining, stuck = arg(), arg(), arg(), arg(), arg()
if not call('ZSCORE', sessions, session) or call('HEXISTS', key('session', session), 'lost') == 1 then return 0 end
call('ZADD', sessions, uptime(now()), session)
call('HDEL', key('session', session), 'succeeded')
local before = call('HGET', key('session', session), 'draining')
call('HSET', key('session', session), 'running', running, 'suspended', suspended, 'draining', draining,
  'stuck', stuck)
if (before or '0') ~= draining then recount() end
return 1
