-- Cancel requests. Payload of a task that never started: an ErrorValue with the message of the request.
local function cancelledPayload(message) -- the message comes as a JSON string
  return '{"type":"CancelledError","message":' .. (message == '' and '""' or message) .. '}'
end

-- It is in one of the three places (T3).
local function unschedule(id, coroutine)
  if call('ZREM', hinted, id) == 1 then return end
  call('ZREM', ready, id)
  call('SREM', key('stranded', coroutine), id)
end

-- A child that is on its way to a worker has half a second to start before its cancel strikes: in asyncio it would have
-- started before anybody could cancel it. What still waits for room, and what the same turn has created, never starts.
local function mayStart(id, time)
  local since = call('ZSCORE', hinted, id)
  if not since then return false end
  if tonumber(since) >= 0 then call('ZADD', hinted, -(time + 500), id) end
  return true
end

-- The half second is over. False when it is no such task.
local function endUnstarted(id, time)
  local started, message = unpack(call('HMGET', key('task', id), 'started', 'unstarted'))
  if started or not message then return false end
  finish(id, 'cancelled', cancelledPayload(message), time)
  return true
end

-- It is too late to start it (start-by.lua). False when it is not.
local function endLate(id, time)
  local coroutine, startBy = unpack(call('HMGET', key('task', id), 'coroutine', 'startBy'))
  local by, payload = string.match(startBy or '', '^(%d+)\n(.*)$')
  if not by or time < tonumber(by) then return false end
  unschedule(id, coroutine)
  finish(id, 'failed', payload, time)
  return true
end

-- message: '' (none) or a JSON string; event: the same as text for the inbox.
local function cancelTask(id, message, event, time, afterStart)
  local taskKey = key('task', id)
  local found = promote(id)
  if found ~= 'record' then return found and 'settled' or 'unknown' end
  local state, started, finished, coroutine, parent, retrying =
    unpack(call('HMGET', taskKey, 'state', 'started', 'finished', 'coroutine', 'parent', 'retrying'))
  if finished then return 'settled' end
  if not retrying and (state ~= 'pending' or started or afterStart) then
    call('HSET', taskKey, 'cancelRequested', 1)
    deliver(id, event)
  elseif parent and not retrying and mayStart(id, time) then
    call('HSET', taskKey, 'cancelRequested', 1, 'unstarted', message)
    deliver(id, event)
  else
    unschedule(id, coroutine)
    -- Of an attempt that has failed tasks may still run: a root ends when they have.
    local settled = conclude(id, 'cancelled', cancelledPayload(message), readEnd(taskKey), nil, time)
    if not settled then endTreePage(id, '0', time) end
  end
  return 'requested'
end

-- As cancelTask, for calls that may be sent twice: the wave in the event is their own. Only the last events are looked at.
local function cancelOnce(id, message, event, time, afterStart)
  if call('LPOS', key('inbox', id), event, 'RANK', -1, 'MAXLEN', 1000) and not call('HGET', key('task', id), 'finished') then
    return 'requested'
  end
  return cancelTask(id, message, event, time, afterStart)
end

-- Members in the backlog end at once, without records of their own: `dropped` tells from which index on.
local function dropBacklog(group, message, time)
  local groupKey = key('group', group)
  groupWritten(group)
  local known = groupOf(group)
  if not known or known.popped >= known.size then return end
  local first, payload = known.popped, cancelledPayload(message)
  -- members that were cancelled one by one while they waited have ended already
  local before, firstIndex, waiting = {}, first, known.size - first
  if known.skipped then
    before = entriesOf(group, first, known.size - 1)
    for index = known.size - 1, first, -1 do
      if before[index] then waiting = waiting - 1 else firstIndex = index end
    end
  end
  call('HSET', groupKey, 'popped', known.size, 'dropped', first, 'droppedPayload', payload, 'droppedAt', time)
  call('ZREM', ready, 'g' .. group)
  if known.entries == 0 then call('SREM', listOf(rootOf(group), group), 'g' .. group) end
  for _, id in ipairs(known.awaited and call('SMEMBERS', key('awaited', group)) or {}) do
    local _, index = memberOf(id)
    if index >= first and not before[index] then
      tellWaiters(id, 'cancelled', payload)
      call('SREM', key('awaited', group), id)
    end
  end
  groupWritten(group)
  if waiting == 0 then return end
  childMoved(known.parent, 'pending', 'cancelled', waiting)
  moved('pending', nil, waiting)
  -- All under the name of the first: reading 100,000 rows for the others would hold up everybody.
  ended('cancelled', (rowOf(group, first)), waiting)
  local open = call('HINCRBY', groupKey, 'left', -waiting)
  if known.decided then return end
  if known.returnExceptions and open > 0 then return end
  call('HSET', groupKey, 'decided', 1, 'decidedAt', time)
  add('gathers', -1)
  local failed = not known.returnExceptions and firstIndex or nil
  deliver(known.parent, known.op .. '\ngroup\n' .. (failed or ''), group, failed)
end

-- Members that were handed out and have not ended.
local function openMembers(group)
  groupWritten(group)
  local known = groupOf(group)
  local open, last = {}, known and (known.dropped or known.popped) - 1 or -1
  local entries = entriesOf(group, 0, last)
  for index = 0, last do
    local id = group .. '.' .. index
    if isOpenEntry(entries[index]) then open[#open + 1] = id
    elseif entries[index] == '@' and not call('HGET', key('task', id), 'finished') then open[#open + 1] = id end
  end
  return open
end

local function cancelGroup(group, message, event, time)
  dropBacklog(group, message, time)
  for _, id in ipairs(openMembers(group)) do cancelTask(id, message, event, time) end
end
