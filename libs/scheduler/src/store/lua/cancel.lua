#!lua flags=allow-oom
--[[ cancel: requests cancels; a task that never started ends at once.
  Keeps T1, T3, T4. KEYS prefix    ARGV count, then id message event afterStart for each; channel
  Returns {{'requested' | 'settled' | 'unknown', ...}, hints}    Cost O(targets x log ready) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree
local time, answers = now(), {}
for i = 1, count() do
  local id, message, event, afterStart = arg(), arg(), arg(), arg()
  answers[i] = cancelOnce(id, message, event, time, afterStart == '1')
end
local taken = take(time)
publishNews()
return { answers, taken }
