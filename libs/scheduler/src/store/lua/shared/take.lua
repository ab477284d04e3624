-- Moves entries from ready to hinted, in the caller's name (D1), while the window has room. Cost O(taken x log ready).
local served = {}
local function isServed(coroutine)
  if served[coroutine] == nil then served[coroutine] = call('SCARD', key('serves', coroutine)) > 0 end
  return served[coroutine]
end

local function strand(id, coroutine)
  promote(id)
  call('SADD', key('stranded', coroutine), id)
  call('SADD', prefix .. 'stranded', coroutine)
  call('HSET', key('task', id), 'stranded', 1)
end

local hints = {}
local function hint(id, coroutine, priority, time)
  if isServed(coroutine) then
    call('ZADD', hinted, time, id)
    hints[#hints + 1] = id
    hints[#hints + 1] = priority or '0'
    return 1
  end
  strand(id, coroutine)
  return 0
end

-- Hands out the next members of a group. Row: coroutine \n priority \n options \n args.
local function dispatchMembers(group, room, time)
  local groupKey = key('group', group)
  groupWritten(group)
  local known = groupOf(group)
  if not known then return 0 end
  local popped, limit = known.popped, known.limit
  local quantum = math.min(room, 50, known.size - popped)
  if limit > 0 then quantum = math.min(quantum, limit - known.inflight) end
  if quantum <= 0 then return 0 end
  local rows = call('LRANGE', key('backlog', group), popped, popped + quantum - 1)
  local skipped = call('HGET', groupKey, 'skipped') and entriesOf(group, popped, popped + quantum - 1) or {}
  local handed, stray, dispatched, at = {}, {}, 0, string.format('%.0f', time)
  for i = 1, #rows do
    local index = popped + i - 1
    if not skipped[index] then -- else it was cancelled before its turn
      local id = string.format('%s.%d', group, index)
      local coroutine, priority = string.match(rows[i], '^([^\n]*)\n([^\n]*)')
      dispatched = dispatched + 1
      if isServed(coroutine) then
        handed[#handed + 1] = at
        handed[#handed + 1] = id
        hints[#hints + 1] = id
        hints[#hints + 1] = priority
      else
        stray[#stray + 1] = id
        stray[#stray + 1] = coroutine
      end
    end
  end
  callWithAll('ZADD', hinted, handed)
  known.popped, known.inflight, known.entries = popped + #rows, known.inflight + dispatched, known.entries + dispatched
  call('HSET', groupKey, 'popped', known.popped, 'inflight', known.inflight, 'entries', known.entries)
  for i = 1, #stray, 2 do strand(stray[i], stray[i + 1]) end
  known = groupOf(group)
  if known.popped < known.size then
    if limit == 0 or known.inflight < limit then makeGroupReady(group) end
  elseif known.entries == 0 then leave(listOf(rootOf(group), group), 'g' .. group) end
  return #handed / 2
end

local function takeReady(room, time)
  for _ = 1, 400 do
    if room <= 0 then return end
    local entry = call('ZPOPMIN', ready)
    if #entry == 0 then return end
    local id, start = entry[1], tonumber(entry[2])
    if start >= 0 then
      virtualTime = math.max(virtualTime, start)
      tick(0.01) -- so that a large tree gets its turn in an endless stream of small new ones
    end
    if string.sub(id, 1, 1) == 'g' then
      id = string.sub(id, 2)
      local tree = key('task', rootOf(id))
      local before = tonumber(call('HGET', tree, 'virtual') or 0)
      call('HSET', tree, 'virtual', math.max(before, start) + math.min(room, 50))
      room = room - dispatchMembers(id, room, time)
    else
      local coroutine, priority = unpack(call('HMGET', key('task', id), 'coroutine', 'priority'))
      local group, index = memberOf(id)
      if not coroutine and group then coroutine, priority = rowOf(group, index) end
      if coroutine then room = room - hint(id, coroutine, priority, time) end
    end
  end
end

-- What a script ends with.
local function take(time)
  writeAll()
  local window = 2 * tonumber(call('GET', prefix .. 'capacity') or 0)
  local room = window - call('ZCARD', hinted)
  -- Half a window at a time, so that batches stay large under load: with less than that free, workers have enough.
  if room > 0 and room >= window / 2 then takeReady(math.min(200, room), time) end
  writeAll()
  if virtualTime > virtualBefore then call('SET', prefix .. 'virtual', virtualTime) end
  return hints
end
