-- Milliseconds of the store's clock: the only time that decides anything.
local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
