-- Appends an event to the inbox of a task, unless it has settled (I2: callers do so once for each fact), and tells whoever
-- runs it; one that is parked is made ready in the same step. `group`, `failed`: a gather that is decided, and by whom.
local wake
local function deliver(id, event, group, failed)
  local worker, token, parked, firstOp, finished =
    unpack(call('HMGET', key('task', id), 'worker', 'token', 'parked', 'firstOp', 'finished'))
  if finished then return end
  -- What an attempt that has failed had begun reaches nobody.
  local op = firstOp and tonumber(string.match(event, '^%d+'))
  if op and op < tonumber(firstOp) then return end
  local length = call('RPUSH', key('inbox', id), event)
  if token then tellSession(worker, { id, token, length - 1, event, group = group, failed = failed })
  elseif parked then wake(id) end
end

local function isOpen(id)
  local state, finished = unpack(call('HMGET', key('task', id), 'state', 'finished'))
  return state and not finished
end

-- An outcome of a task is kept once, in its record; the inbox refers to it. Not so in the inbox of another tree, which
-- may outlive this one.
local function outcomeFor(waiter, id)
  if rootOf(waiter) == rootOf(id) then return '\n@\n' .. id end
  local state, payload = outcomeOf(id)
  return '\nsettled\n' .. state .. '\n' .. payload
end

local function expand(event)
  local op, id = string.match(event, '^(%d+)\n@\n(.*)$')
  if op == nil then return event end
  local state, payload = unpack(call('HMGET', key('task', id), 'state', 'payload'))
  return op .. '\nsettled\n' .. state .. '\n' .. payload
end

-- The worker has had more events than there are: the store has lost the end of what it had acknowledged.
local function isBehind(id, known)
  return tonumber(known) > 0 and call('LLEN', key('inbox', id)) < tonumber(known)
end

local function eventsFrom(id, known)
  local events = call('LRANGE', key('inbox', id), known, -1)
  for i = 1, #events do events[i] = expand(events[i]) end
  return events
end
