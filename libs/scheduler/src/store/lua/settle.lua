#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same.
  KEYS prefix    ARGV count, then id token state payload progress logs... for each; channel
  Returns {{'settled' | 'ending' | 'fenced', ...}, hints, news of the caller, partitions with mail}    Cost O(settlements x log ready) ]]
--# include keys now news counts mail inbox ready take timers settle members cancel end-tree logs suspects
local time, answers = now(), {}
for i = 1, count() do
  local id, token, state, payload, progress = arg(), arg(), arg(), arg(), arg()
  local taskKey, root = key('task', id), rootOf(id)
  callerOf(token)
  local current, settledBy, worker, before, crashes =
    unpack(call('HMGET', taskKey, 'token', 'settledBy', 'worker', 'state', 'crashes'))
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
    answers[i] = conclude(id, state, payload, before, time) and 'settled' or 'ending'
    if crashes and tonumber(crashes) > 1 then nextSuspect(time) end
  end
end
local taken = take(time)
publishNews()
return { answers, taken, newsOfCaller(), mailTo }
