-- The order of what is ready: start-time fair queueing between trees (contract/store.ts). Below
-- 0: what has a priority; far below: revived, which go before all, first come, first served.
-- Virtual time is counted in ticks, so that places are whole numbers: Redis and Lua spell and read a fraction many times slower.
local virtualSecond = 1e7
-- `clocks`: of trees; those that a call moves are written when it takes hints at its end.
local ready, hinted, virtualBefore, virtualTime, clocks, moving, revived
atStart(function()
  ready, hinted = prefix .. 'ready', prefix .. 'hinted'
  virtualBefore, virtualTime, clocks, moving, revived = nil, nil, {}, {}, 0
end)

local function virtual()
  if not virtualTime then
    virtualTime = tonumber(call('GET', prefix .. 'virtual') or 0)
    virtualBefore = virtualTime
  end
  return virtualTime
end
local function setVirtual(to)
  if to > virtual() then virtualTime = to end
end

-- A tree that has a root alone has none yet: its next task comes a second after what is taken now.
local function clockOf(root)
  clocks[root] = clocks[root] or tonumber(call('HGET', key('task', root), 'virtual') or virtual() + virtualSecond)
  return clocks[root]
end
local function setClock(root, clock) clocks[root], moving[root] = clock, clock end

local function startOf(root) return math.max(clockOf(root), virtual()) end

-- Arrivals tick, so that equals go in the order of their arrival.
local function tick(by) setVirtual(virtual() + by) end

-- Beyond 2^53 numbers are no whole ones any more: with a priority of 900 and more, or revived.
local function spellPlace(place) return math.abs(place) < 2 ^ 53 and string.format('%d', place) or place end

-- A priority (0 to 1,000,000) is worth a million tasks of the same tree. Answers the place of what starts then.
local function placeOf(start, priority)
  tick(1)
  return spellPlace(start - tonumber(priority or 0) * 1e6 * virtualSecond)
end

local function makeReady(id, priority)
  local root = rootOf(id)
  local start = startOf(root)
  setClock(root, start + virtualSecond)
  call('ZADD', ready, placeOf(start, priority), id)
end

-- A group is one entry for all its members that were not dispatched yet.
local function makeGroupReady(group)
  call('ZADD', ready, 'NX', spellPlace(startOf(rootOf(group))), 'g' .. group)
end

local function makeReadyFirst(id, time)
  revived = revived + 1
  call('ZADD', ready, (time + revived / 100) * 1e7 - 1e20, id)
end
