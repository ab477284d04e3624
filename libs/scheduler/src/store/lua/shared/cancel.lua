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

-- A member in the backlog becomes a record at once, so that its row is skipped later. False when it is none.
local function recordOfMember(id)
  local group, index = memberOf(id)
  if group == nil then return false end
  local size, popped, parent, seq, created =
    unpack(call('HMGET', key('group', group), 'size', 'popped', 'parent', 'seq', 'created'))
  if not size or index < tonumber(popped) or index >= tonumber(size) then return false end
  local row = call('LINDEX', key('backlog', group), index - popped)
  local coroutine, priority, options, args = string.match(row, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
  call('HSET', key('task', id), 'coroutine', coroutine, 'args', args, 'options', options, 'state', 'pending',
    'parent', parent, 'group', group, 'index', index, 'created', created, 'seq', seq + index, 'priority', priority,
    'undispatched', 1)
  call('HINCRBY', key('group', group), 'skipped', 1)
  return true
end

local function isMember(id)
  local group, index = memberOf(id)
  return group ~= nil and index < tonumber(call('HGET', key('group', group), 'size') or 0)
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
  if call('EXISTS', taskKey) == 0 and not recordOfMember(id) then return isMember(id) and 'settled' or 'unknown' end
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
    finish(id, 'cancelled', cancelledPayload(message), time)
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
  local size, popped, skipped, parent, op, returnExceptions, decided =
    unpack(call('HMGET', groupKey, 'size', 'popped', 'skipped', 'parent', 'op', 'returnExceptions', 'decided'))
  if not size or tonumber(popped) >= tonumber(size) then return end
  local left = tonumber(size) - tonumber(popped)
  local firstIndex = tonumber(popped)
  while call('EXISTS', key('task', group .. '.' .. firstIndex)) == 1 do firstIndex = firstIndex + 1 end
  -- members that were cancelled one by one while they waited have ended already
  local waiting = left
  if tonumber(skipped or 0) > 0 then
    for index = tonumber(popped), tonumber(size) - 1 do
      if call('EXISTS', key('task', group .. '.' .. index)) == 1 then waiting = waiting - 1 end
    end
  end
  call('HSET', groupKey, 'popped', size, 'dropped', popped, 'droppedPayload', cancelledPayload(message), 'droppedAt', time)
  call('ZREM', ready, 'g' .. group)
  local root = rootOf(group)
  if call('SREM', key('live', root), 'g' .. group) == 0 then call('SREM', key('later', root), 'g' .. group) end
  for _, id in ipairs(call('SMEMBERS', key('awaited', group))) do
    if call('EXISTS', key('task', id)) == 0 then tellWaiters(id, 'cancelled', cancelledPayload(message)) end
  end
  call('DEL', key('awaited', group))
  if waiting == 0 then return end
  childMoved(parent, 'pending', 'cancelled', waiting)
  moved('pending', nil, waiting)
  -- All under the name of the first: reading 100,000 rows for the others would hold up everybody.
  ended('cancelled', string.match(call('LINDEX', key('backlog', group), 0), '^[^\n]*'), waiting)
  local open = call('HINCRBY', groupKey, 'left', -waiting)
  if decided == '1' then return end
  if returnExceptions == '1' and open > 0 then return end
  call('HSET', groupKey, 'decided', 1, 'decidedAt', time)
  add('gathers', -1)
  deliver(parent, op .. '\ngroup\n' .. (returnExceptions == '0' and firstIndex or ''))
end

local function cancelGroup(group, message, event, time)
  local popped = tonumber(call('HGET', key('group', group), 'popped') or 0)
  dropBacklog(group, message, time)
  for index = 0, popped - 1 do
    local id = group .. '.' .. index
    if not call('HGET', key('task', id), 'finished') then cancelTask(id, message, event, time) end
  end
end
