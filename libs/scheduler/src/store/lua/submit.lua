#!lua
--[[ submit: creates root tasks and makes them ready.
  Keeps I3 (record and place in `ready` in one step), T3. A root that exists already is left alone (re-sent).
  What a worker with room is told of directly is not among the hints.
  KEYS prefix    ARGV client ('' when it does not listen), count, then id coroutine args options priority limits resultTtlMs idempotencyKey fingerprint for each; channel
  Returns {{'' | existing id | 'conflict', ...}, time, hints}    Cost O(roots x log ready) ]]
--# include keys now news sums counts members promote ready take timers start-by sessions direct
local time, answers, client = now(), {}, arg()
for i = 1, count() do
  local id, coroutine, args, options, priority, limits, ttl, name, fingerprint =
    arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg(), arg()
  answers[i] = ''
  local known = name ~= '' and call('GET', key('idempotency', name))
  local existing, before, expires = string.match(known or '', '^([^\n]*)\n([^\n]*)\n(.*)$')
  if existing and tonumber(expires) > time then
    if before ~= fingerprint then answers[i] = 'conflict'
    elseif existing ~= id then answers[i] = existing end
  elseif call('EXISTS', key('task', id)) == 0 then
    local more = {}
    for field, value in pairs({ ttl = ttl ~= '86400000' and ttl or '', client = client, idempotency = name }) do
      if value ~= '' then more[#more + 1], more[#more + 2] = field, value end
    end
    create(id, coroutine, args, options, priority, time, more)
    call('ZADD', prefix .. 'roots', 0, id)
    if name ~= '' then
      call('SET', key('idempotency', name), id .. '\n' .. fingerprint .. '\n' .. (time + 86400000), 'EX', 86400)
    end
    mustStart(id, limits, time)
    moved(nil, 'pending', 1)
    makeReady(id, priority)
  end
end
return { answers, time, direct(take(time), time) }
