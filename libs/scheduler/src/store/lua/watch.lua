#!lua flags=allow-oom
--[[ watch: asks for news of a task when it settles. Changes nothing else.
  KEYS prefix    ARGV id    Returns 1, or 0 when it is unknown or settled    Cost O(1) ]]
--# include keys
local taskKey = key('task', arg())
local created, finished = unpack(call('HMGET', taskKey, 'created', 'finished'))
if not created or finished then return 0 end
call('HSET', taskKey, 'watched', 1)
return 1
