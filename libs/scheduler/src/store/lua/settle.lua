#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same.
  KEYS prefix    ARGV count, then id token state payload progress logs... for each; channel
  Returns {{'settled' | 'ending' | 'fenced', ...}, hints, news of the caller}    Cost O(settlements x log ready) ]]
--# include keys now news counts inbox ready take timers settle members cancel end-tree logs
local time, answers = now(), {}
for i = 1, count() do
  local id, token, state, payload, progress = arg(), arg(), arg(), arg(), arg()
  local taskKey, root = key('task', id), rootOf(id)
  callerOf(token)
  local current, settledBy, worker, before = unpack(call('HMGET', taskKey, 'token', 'settledBy', 'worker', 'state'))
  if settledBy == token then
    answers[i] = call('HEXISTS', taskKey, 'ending') == 1 and 'ending' or 'settled'
  elseif current ~= token then
    answers[i] = 'fenced'
  end
  if answers[i] then
    for _ = 1, count() do arg() end
  else
    keepLogs(id, root)
    if progress ~= '' then call('HSET', taskKey, 'progress', progress) end
    call('HSET', taskKey, 'settledBy', token)
    call('SREM', key('claims', worker), id)
    if id == root and call('SCARD', key('live', root)) > 0 then
      call('HSET', taskKey, 'state', 'running', 'ending', state .. '\n' .. payload)
      call('HDEL', taskKey, 'token')
      moved(before, 'running', 1)
      dropTimers(id)
      call('ZADD', prefix .. 'ending', time, root)
      answers[i] = 'ending'
    else
      finish(id, state, payload, time)
      answers[i] = 'settled'
    end
  end
end
local taken = take(time)
publishNews()
return { answers, taken, newsOfCaller() }
