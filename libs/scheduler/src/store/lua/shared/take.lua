-- Moves entries from ready to hinted, in the caller's name (D1), while the window has room. Cost O(taken x log ready).
local served = {}
local function isServed(coroutine)
  if served[coroutine] == nil then served[coroutine] = call('SCARD', key('serves', coroutine)) > 0 end
  return served[coroutine]
end

local function strand(id, coroutine)
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

-- The next members of a group become records. Row: coroutine \n priority \n options \n args.
local function dispatchMembers(group, room, time)
  local groupKey, root = key('group', group), rootOf(group)
  local size, popped, inflight, limit, parent, seq, created, skipped =
    unpack(call('HMGET', groupKey, 'size', 'popped', 'inflight', 'limit', 'parent', 'seq', 'created', 'skipped'))
  if not size then return 0 end
  size, popped, inflight, limit = tonumber(size), tonumber(popped), tonumber(inflight), tonumber(limit)
  local quantum = math.min(room, 50, size - popped)
  if limit > 0 then quantum = math.min(quantum, limit - inflight) end
  if quantum <= 0 then return 0 end
  local live = key('live', root)
  if call('SISMEMBER', live, 'g' .. group) == 0 then live = key('later', root) end
  local rows = call('LPOP', key('backlog', group), quantum)
  local taken, dispatched = 0, {}
  for i = 1, #rows do
    local index = popped + i - 1
    local id = group .. '.' .. index
    if not skipped or call('EXISTS', key('task', id)) == 0 then -- else it was cancelled before its turn
      local coroutine, priority, options, args = string.match(rows[i], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
      call('HSET', key('task', id), 'coroutine', coroutine, 'args', args, 'options', options, 'state', 'pending',
        'parent', parent, 'group', group, 'index', index, 'created', created, 'seq', seq + index, 'priority', priority)
      dispatched[#dispatched + 1] = id
      inflight = inflight + 1
      taken = taken + hint(id, coroutine, priority, time)
    end
  end
  if #dispatched > 0 then call('SADD', live, unpack(dispatched)) end
  popped = popped + #rows
  call('HSET', groupKey, 'popped', popped, 'inflight', inflight)
  if popped >= size then call('SREM', live, 'g' .. group)
  elseif limit == 0 or inflight < limit then makeGroupReady(group) end
  return taken
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
  if virtualTime > virtualBefore then call('SET', prefix .. 'virtual', virtualTime) end
  return hints
end
