-- Durable timers: `timers` has them all by due time, `alarms:<task>` the operations of one task that wait for one.
local timers
atStart(function() timers = prefix .. 'timers' end)

local function setTimer(id, op, due)
  call('ZADD', timers, spell(math.ceil(due)), id .. ':' .. op)
  call('SADD', key('alarms', id), op)
end

-- True when it was still set.
local function clearTimer(id, op)
  call('SREM', key('alarms', id), op)
  return call('ZREM', timers, id .. ':' .. op) == 1
end

-- Timers of a task that has ended, a page of them; true when that was all. What is left fires in vain (sweep.lua).
local function dropTimers(id)
  local ops = call('SPOP', key('alarms', id), 500)
  for _, op in ipairs(ops) do call('ZREM', timers, id .. ':' .. op) end
  return #ops < 500
end
