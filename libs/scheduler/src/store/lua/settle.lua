#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step. With `retryMs` another attempt follows,
  unless a cancel was requested.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same.
  KEYS prefix    ARGV count, then id token state payload progress retryMs firstOp logs... for each; channel
  Returns {{'settled' | 'ending' | 'retrying' | 'fenced', ...}, hints, news of the caller, partitions with mail}    Cost O(settlements x log ready) ]]
--# include keys now news sums counts mail inbox ready take wake timers settle members cancel retry end-tree logs suspects
local time, answers = now(), {}
for i = 1, count() do
  local id, token, state, payload, progress, retryMs, firstOp = arg(), arg(), arg(), arg(), arg(), arg(), arg()
  local taskKey, root = key('task', id), rootOf(id)
  callerOf(token)
  local row = readEnd(taskKey)
  local before, current, cancelled, settledBy, worker, crashes = row[1], row[13], row[15], row[16], row[17], row[18]
  if settledBy == token then
    local finished, ending = unpack(call('HMGET', taskKey, 'finished', 'ending'))
    answers[i] = finished and 'settled' or ending and 'ending' or 'retrying'
  elseif current ~= token then
    answers[i] = 'fenced'
  end
  if answers[i] then
    for _ = 1, count() do arg() end
  else
    keepLogs(id, root)
    if progress ~= '' then call('HSET', taskKey, 'progress', progress) end
    leave(key('claims', worker), id)
    if retryMs ~= '' and not cancelled then
      call('HSET', taskKey, 'settledBy', token)
      retry(id, before, payload, retryMs, firstOp, time)
      answers[i] = 'retrying'
    else
      answers[i] = conclude(id, state, payload, row, token, time) and 'settled' or 'ending'
    end
    if crashes and tonumber(crashes) > 1 then nextSuspect(time) end
  end
end
local taken = take(time)
publishNews()
return { answers, taken, newsOfCaller(), mailTo }
