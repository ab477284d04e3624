--[[ claim: pending tasks become running under a new token.
  Keeps T2 (new token), T3, T4, D2 (what is claimed or settled is left out), I1. The same session and nonce get the
  same claims again.
  KEYS prefix    ARGV session nonce max, count, ids; channel
  Returns {{claim, ...}, hints}; claim = {id, token, coroutine, args, options, attempt, parent, created, started,
  commits, logged, history, events}    Cost O(claimed + size of their histories) ]]
--# include keys now news inbox ready take
local session, nonce, max = arg(), arg(), count()
local time, claims = now(), {}
for _ = 1, count() do
  local id = arg()
  local taskKey = key('task', id)
  local state, token, coroutine, args, options, attempt, parent, created, started, commits, ending =
    unpack(call('HMGET', taskKey, 'state', 'token', 'coroutine', 'args', 'options', 'attempt', 'parent', 'created',
      'started', 'commits', 'ending'))
  attempt = tonumber(attempt or 0)
  local again = token and token == attempt .. ':' .. session .. ':' .. nonce
  local free = state == 'pending' and not token
  if free and call('SISMEMBER', key('serves', coroutine), session) == 0 then
    call('ZADD', hinted, 'XX', 1, id) -- for another worker: overdue at the next sweep
  elseif free and #claims >= max then
    call('ZREM', hinted, id)
    makeReadyFirst(id)
  elseif free or again then
    if free then
      attempt = attempt + 1
      token = attempt .. ':' .. session .. ':' .. nonce
      started = started or time
      call('HSET', taskKey, 'state', 'running', 'attempt', attempt, 'token', token, 'worker', session, 'started', started)
      call('SADD', key('claims', session), id)
      call('ZREM', ready, id)
      if parent then
        call('HINCRBY', key('task', parent), 'pending', -1)
        call('HINCRBY', key('task', parent), 'running', 1)
      end
    end
    call('ZREM', hinted, id)
    claims[#claims + 1] = { id, token, coroutine, args, options, attempt, parent or '', created, started, commits or 0,
      call('LLEN', key('logs', id)), call('LRANGE', key('history', id), 0, -1), eventsFrom(id, 0) }
  else
    call('ZREM', hinted, id)
  end
end
return { claims, take(time) }
