--[[ cancel: requests cancels; a task that never started ends at once.
  Keeps T1, T3, T4. KEYS prefix    ARGV count, then id message event for each; channel
  Returns {{'requested' | 'settled' | 'unknown', ...}, hints}    Cost O(targets x log ready) ]]
--# include keys now news inbox ready take settle cancel
local time, answers = now(), {}
for i = 1, count() do
  local id, message, event = arg(), arg(), arg()
  answers[i] = cancelTask(id, message, event, time)
end
local taken = take(time)
publishNews()
return { answers, taken }
