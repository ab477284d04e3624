-- Tasks that wait for each other (contract/store.ts, Deadlock). Bounded: what takes more than 1,000 looks is left alone.
local looks -- set by checkForDeadlocks

-- Ids whose ends alone can move the task; nil when something else can.
local function blockersOf(id)
  looks = looks + 1
  local group = call('HMGET', key('group', id), 'size', 'popped', 'decided')
  local size = tonumber(group[1])
  if size then
    if group[3] == '1' or tonumber(group[2]) < size or looks + size > 1000 then return nil end
    local members, entries = {}, entriesOf(id, 0, size - 1)
    looks = looks + size
    for index = 0, size - 1 do
      local member = id .. '.' .. index
      if isOpenEntry(entries[index]) then return nil end -- it runs, or will
      if entries[index] == '@' and not call('HGET', key('task', member), 'finished') then members[#members + 1] = member end
    end
    return members
  end
  local state, waits, known = unpack(call('HMGET', key('task', id), 'state', 'awaits', 'known'))
  if state ~= 'suspended' or not waits or waits == '' then return nil end
  if call('LLEN', key('inbox', id)) > tonumber(known) then return nil end
  local ids = {}
  for other in string.gmatch(waits, '%S+') do ids[#ids + 1] = other end
  return ids
end

-- All that a task waits for, directly or not, with what each waits for; nil when any of it can move.
local function closedSet(id)
  local blockers, queue, first = {}, { id }, 1
  while queue[first] do
    local at = queue[first]
    first = first + 1
    if not blockers[at] then
      if looks >= 1000 then return nil end
      local others = blockersOf(at)
      if not others or #others == 0 then return nil end
      blockers[at] = others
      for _, other in ipairs(others) do queue[#queue + 1] = other end
    end
  end
  return blockers
end

-- Groups stand between a task and its members and are left out.
local function circleIn(blockers, id)
  local path, place = {}, {}
  while not place[id] do
    path[#path + 1] = id
    place[id] = #path
    id = blockers[id][1]
  end
  local circle = {}
  for at = place[id], #path do
    if call('EXISTS', key('group', path[at])) == 0 then circle[#circle + 1] = path[at] end
  end
  return circle
end

local function waitsById(id, target)
  local waiters = {}
  for _, waiter in ipairs(call('SMEMBERS', key('waiters', target))) do
    if string.sub(waiter, 1, #id + 1) == id .. ':' then waiters[#waiters + 1] = waiter end
  end
  return waiters
end

local function breakCircle(circle)
  local victim, youngest
  for at, id in ipairs(circle) do
    local age = string.format('%015d ', call('HGET', key('task', id), 'created')) .. id
    if #waitsById(id, circle[at % #circle + 1]) > 0 and (not youngest or age > youngest) then victim, youngest = at, age end
  end
  if not victim then return end
  local names = {}
  for step = 0, #circle do
    local id = circle[(victim - 1 + step) % #circle + 1]
    names[#names + 1] = call('HGET', key('task', id), 'coroutine') .. ' (' .. id .. ')'
  end
  local id, target = circle[victim], circle[victim % #circle + 1]
  local error = '{"type":"DeadlockError","message":"tasks wait for each other: ' .. table.concat(names, ' -> ') .. '"}'
  for _, waiter in ipairs(waitsById(id, target)) do
    call('SREM', key('waiters', target), waiter)
    deliver(id, string.match(waiter, ':(%d+)$') .. '\nsettled\nfailed\n' .. error)
  end
end

local function checkForDeadlocks(time)
  local checks = prefix .. 'checks'
  for _, id in ipairs(call('ZRANGEBYSCORE', checks, '-inf', time, 'LIMIT', 0, 50)) do
    local state, finished = unpack(call('HMGET', key('task', id), 'state', 'finished'))
    if finished or not state then call('ZREM', checks, id)
    else
      call('ZADD', checks, time + 2000, id)
      looks = 0
      local blockers = closedSet(id)
      if blockers then breakCircle(circleIn(blockers, id)) end
    end
  end
end
