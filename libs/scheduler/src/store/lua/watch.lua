#!lua flags=allow-oom
--[[ watch: asks for news of a task when it settles, or at each commit (follow). Changes nothing else.
  KEYS prefix    ARGV id follow    Returns 1, or 0 when it is unknown or settled    Cost O(1) ]]
--# include keys
local taskKey, follow = key('task', arg()), arg()
local created, finished = unpack(call('HMGET', taskKey, 'created', 'finished'))
if not created or finished then return 0 end
call('HSETNX', taskKey, 'watched', 1)
if follow == '1' then call('HSET', taskKey, 'watched', 2) end
return 1
