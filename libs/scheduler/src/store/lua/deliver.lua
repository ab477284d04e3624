#!lua flags=allow-oom
--[[ deliver: letters from another partition, in their order, each taken once: `seen` is the number of the last one.
  Keeps T1, T3, T4, I2. KEYS prefix    ARGV partition, count, letters as outbox.lua gives them; channel
  Returns {partitions that there is an answer for, hints}    Cost O(letters x log ready) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree subscribe
local from, time = arg(), now()
local seen = call('GET', key('seen', from)) or '0'

local take_up = {
  wait = function(text)
    local id, op, target = string.match(text, '^([^:]*):(%d+)\n(.*)$')
    subscribe(id, op, target, from)
  end,
  cancel = function(text)
    local target, message, event = string.match(text, '^([^\n]*)\n([^\n]*)\n(.*)$')
    cancelOnce(target, message, event, time)
  end,
  settled = function(text)
    local id, op, outcome = string.match(text, '^([^:]*):(%d+)\n(.*)$')
    if call('SREM', key('abroad', id), op) == 0 or call('HGET', key('task', id), 'finished') then return end
    deliver(id, op .. '\nsettled\n' .. outcome)
  end,
}

for _ = 1, count() do
  local number, kind, text = string.match(arg(), '^(%d+)\n(%a+)\n(.*)$')
  if tonumber(number) > tonumber(seen) then
    take_up[kind](text)
    seen = number
  end
end
call('SET', key('seen', from), seen)
local taken = take(time)
publishNews()
return { mailTo, taken }
