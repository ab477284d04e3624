-- The order of what is ready: start-time fair queueing between trees (contract/store.ts). `-1`: revived, before all.
local ready, hinted = prefix .. 'ready', prefix .. 'hinted'
local virtualTime = tonumber(call('GET', prefix .. 'virtual') or 0)

local function startOf(root)
  local own = tonumber(call('HGET', key('task', root), 'virtual') or 0)
  return own > virtualTime and own or virtualTime
end

local function makeReady(id)
  local root = rootOf(id)
  local start = startOf(root)
  call('HSET', key('task', root), 'virtual', start + 1)
  call('ZADD', ready, start, id)
end

-- A group is one entry for all its members that were not dispatched yet.
local function makeGroupReady(group)
  call('ZADD', ready, 'NX', startOf(rootOf(group)), 'g' .. group)
end

local function makeReadyFirst(id) call('ZADD', ready, -1, id) end
