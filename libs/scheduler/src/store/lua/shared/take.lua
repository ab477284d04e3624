-- Moves entries from ready to hinted, in the caller's name (D1), while the window has room. Cost O(taken x log ready).
local served, hints
atStart(function() served, hints = {}, {} end)
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

local function hint(id, time)
  local coroutine, priority = unpack(call('HMGET', key('task', id), 'coroutine', 'priority'))
  local group, index = memberOf(id)
  if not coroutine and group then coroutine, priority = rowOf(group, index) end
  if not coroutine then return 0 end
  if isServed(coroutine) then
    call('ZADD', hinted, spell(time), id)
    hints[#hints + 1] = id
    hints[#hints + 1] = priority or '0'
    return 1
  end
  strand(id, coroutine)
  return 0
end

-- Rows of the members that come next in the backlog, at most `room` (coroutine \n priority \n options \n args), the index of the
-- first, and those by index that were cancelled before their turn. Whoever takes some of them says so to `membersTaken`.
local function nextInBacklog(group, room)
  local known = groupOf(group)
  local quantum = known and math.min(room, known.size - known.popped) or 0
  if known and known.limit > 0 then quantum = math.min(quantum, known.limit - known.inflight) end
  if quantum <= 0 then return {}, 0, {} end
  local first, last = known.popped, known.popped + quantum - 1
  return call('LRANGE', key('backlog', group), first, last), first, known.skipped and entriesOf(group, first, last) or {}
end

-- So many rows are through, and so many of them were handed out.
local function membersTaken(group, through, taken)
  local known = groupOf(group)
  known.popped, known.inflight, known.entries = known.popped + through, known.inflight + taken, known.entries + taken
  put(known.key, 'popped', known.popped)
  put(known.key, 'inflight', known.inflight)
  put(known.key, 'entries', known.entries)
end

-- What is left of the backlog goes on in its turn.
local function groupGoesOn(group)
  local known = groupOf(group)
  if isBundle(group) then
    if known.popped < known.size and known.left > 0 then call('ZADD', ready, known.place, 'g' .. group) end
  elseif known.popped < known.size then
    if known.limit == 0 or known.inflight < known.limit then makeGroupReady(group) end
  elseif known.entries == 0 then leave(listOf(rootOf(group), group), 'g' .. group) end
end

local function hintMembers(group, room, time)
  local rows, first, skipped = nextInBacklog(group, room)
  if #rows == 0 then return 0 end
  local handed, stray, at = {}, {}, spell(time)
  for i, row in ipairs(rows) do
    local index = first + i - 1
    local id, coroutine, priority = memberId(group, index), string.match(row, '^([^\n]*)\n([^\n]*)')
    if not skipped[index] then
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
  membersTaken(group, #rows, #handed / 2 + #stray / 2)
  callWithAll('ZADD', hinted, handed)
  for i = 1, #stray, 2 do strand(stray[i], stray[i + 1]) end
  groupGoesOn(group)
  return #handed / 2
end

local function putBack(entries, from)
  local row = {}
  for i = from, #entries, 2 do row[#row + 1], row[#row + 2] = entries[i + 1], entries[i] end
  callWithAll('ZADD', ready, row)
end

-- What `members` has taken of a group, `most` of them at most.
local function fromGroup(group, start, most, members)
  if isBundle(group) then
    local took = members(group, most)
    tick(math.min(took or 0, most) * virtualSecond / 100) -- as for as many roots that stand there by themselves
    return took
  end
  local tree = rootOf(group)
  local before = clockOf(tree)
  setClock(tree, math.max(before, start) + most * virtualSecond)
  local took = members(group, most)
  if not took then setClock(tree, before) end
  return took
end

-- Goes through what is ready, in its order, while there is room. `members(group, room)` and `single(id)` answer how much they
-- took; nil: it stays where it is. Members of one group are at most `quantum` at a time. Single tasks are fetched more and more
-- at once, until a group comes: what is left of it may come before the others.
local function fromReady(room, quantum, members, single)
  local stays, entries, at, some = {}, {}, 1, 1
  for _ = 1, 400 do
    if room <= 0 then break end
    if at > #entries then
      entries, at, some = call('ZPOPMIN', ready, math.min(some, room)), 1, 2 * some
      if #entries == 0 then break end
    end
    local id, place, took = entries[at], entries[at + 1], nil
    local start = tonumber(place)
    at = at + 2
    if start >= 0 then
      setVirtual(start)
      tick(virtualSecond / 100) -- so that a large tree gets its turn in an endless stream of small new ones
    end
    if string.sub(id, 1, 1) == 'g' then
      putBack(entries, at)
      at, some = #entries + 1, 1
      took = fromGroup(string.sub(id, 2), start, math.min(room, quantum), members)
    else took = single(id) end
    if took then room = room - took
    else stays[#stays + 1], stays[#stays + 2] = id, place end
  end
  putBack(entries, at)
  putBack(stays, 1)
end

-- So many of the tasks of a session that count as running hold no slot.
local function rests(session, n)
  local sessionKey = key('session', session)
  local slots, lost, before = unpack(call('HMGET', sessionKey, 'slots', 'lost', 'resting'))
  if not slots or lost then return end
  call('HSET', sessionKey, 'resting', n)
  add('resting', n - tonumber(before or 0))
end

-- The sum of all slots, then sessions that drain, whose tasks do not count (sessions.lua).
local function capacity()
  local slots, draining = string.match(call('GET', prefix .. 'capacity') or '0', '^(%d+)(.*)$')
  return tonumber(slots), draining
end

-- Slots for what is ready: those that nobody uses and nothing is on its way to. Most calls find nothing there.
local function freeSlots()
  if call('EXISTS', ready) == 0 then return 0 end
  local slots, draining = capacity()
  local running, resting, ending = unpack(call('HMGET', prefix .. 'counts', 'running', 'resting', 'ending'))
  running = tonumber(running or 0) - tonumber(resting or 0) - tonumber(ending or 0)
  for session in string.gmatch(draining, '%S+') do
    running = running - claimedBy(session) + tonumber(call('HGET', key('session', session), 'resting') or 0)
  end
  return slots - math.max(0, running) - call('ZCARD', hinted)
end

-- What a script ends with: hints for slots that nobody uses.
local function take(time)
  writeAll()
  local room = freeSlots()
  if room > 0 then
    fromReady(math.min(200, room), 50, function(group, some) return hintMembers(group, some, time) end,
      function(id) return hint(id, time) end)
  end
  writeAll()
  for root, clock in pairs(moving) do call('HSET', key('task', root), 'virtual', spellPlace(clock)) end
  if virtualTime ~= virtualBefore then call('SET', prefix .. 'virtual', spellPlace(virtualTime)) end
  return hints
end
