-- A task that must start by a certain time (contract/time-limits.ts): `startBy` is `<time>\n<error>` until it has started,
-- and the timer `limit` is set. limits: '' or `<expiresAfter>\n<deadline>\n<deadlineAt>`, milliseconds and a time.
local function mustStart(id, limits, created)
  local expires, deadline, at = string.match(limits, '^(%d*)\n(%d*)\n(%d*)$')
  if not expires then return end
  local by, error = tonumber(at) or math.huge, '{"type":"TimeoutError","message":""}'
  if deadline ~= '' then by = math.min(by, created + deadline) end
  if expires ~= '' and created + expires < by then
    by = created + expires
    error = '{"type":"ExpiredError","message":"the task has not started within ' .. expires .. ' ms"}'
  end
  call('HSET', key('task', id), 'startBy', string.format('%.0f\n', by) .. error)
  setTimer(id, 'limit', by)
end
