--[[ cancel: requests cancels; a task that never started ends at once.
  Keeps T1, T3, T4. KEYS prefix    ARGV count, then id message event request for each; channel
  Returns {{'requested' | 'settled' | 'unknown', ...}, hints}    Cost O(targets x log ready) ]]
--# include keys now news inbox ready take settle members cancel end-tree
-- The same cancel is the last event, and its worker has not got it yet: the call was sent twice, or asks for nothing new.
local function isAsked(id, event)
  local inbox = key('inbox', id)
  if call('LINDEX', inbox, -1) ~= event then return false end
  local known, finished = unpack(call('HMGET', key('task', id), 'known', 'finished'))
  return not finished and call('LLEN', inbox) > tonumber(known or 0)
end

local time, answers = now(), {}
for i = 1, count() do
  local id, message, event, request = arg(), arg(), arg(), arg()
  if isAsked(id, event) then answers[i] = 'requested'
  elseif request ~= '' then answers[i] = cancelOnce(id, request, message, event, time)
  else answers[i] = cancelTask(id, message, event, time) end
end
local taken = take(time)
publishNews()
return { answers, taken }
