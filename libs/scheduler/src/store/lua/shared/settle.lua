-- Writes the outcome of an unsettled task, and everything that follows from it in the same step (T1, T3, T4, I2).
local finish, endTreePage, backOff

-- Those who want to know of the end, besides the parent.
-- Without `state`: the outcome is in the record.
local function tellWaiter(waiter, id, state, payload)
  local partition, task, op = string.match(waiter, '^(%d*)/?(.*):(%d+)$')
  if partition ~= '' then
    if not state then state, payload = unpack(call('HMGET', key('task', id), 'state', 'payload')) end
    return post(partition, 'settled\n' .. task .. ':' .. op .. '\n' .. state .. '\n' .. payload)
  end
  if isOpen(task) then
    deliver(task, op .. (state and '\nsettled\n' .. state .. '\n' .. payload or outcomeFor(task, id)))
  end
end

local function tellWaiters(id, state, payload)
  local waiters = call('SMEMBERS', key('waiters', id))
  if #waiters == 0 then return end
  for _, waiter in ipairs(waiters) do tellWaiter(waiter, id, state, payload) end
  call('DEL', key('waiters', id))
end

-- The tree is kept for `ttl` ms more, then the sweep removes it (remove.lua).
local function rootSettled(root, ttl, time)
  call('ZADD', prefix .. 'expiring', time + tonumber(ttl or 86400000), root)
  watchedIds[#watchedIds + 1] = root
  tellWaiters(root)
end

local function completeRoot(root, time)
  local rootKey = key('task', root)
  local ending, coroutine = unpack(call('HMGET', rootKey, 'ending', 'coroutine'))
  if not ending or call('SCARD', key('live', root)) > 0 then return end
  -- What was begun for cleaning up while the tree ended is ended in the next round, as asyncio.run does.
  if call('EXISTS', key('later', root)) == 1 then
    call('RENAME', key('later', root), key('live', root))
    call('ZADD', prefix .. 'ending', time, root)
    return endTreePage(root, '0', time)
  end
  local state, payload = string.match(ending, '^([^\n]*)\n(.*)$')
  call('HDEL', rootKey, 'ending')
  call('HSET', rootKey, 'state', state, 'payload', payload, 'finished', time)
  moved('running', nil, 1)
  ended(state, coroutine, 1)
  rootSettled(root, call('HGET', rootKey, 'ttl'), time)
end

-- `undispatched`: the member was still in the backlog. Answers how many members have not ended.
local function decide(group, index, state, undispatched, time)
  local groupKey = key('group', group)
  local size, popped, limit, returnExceptions, decided, parent, op =
    unpack(call('HMGET', groupKey, 'size', 'popped', 'limit', 'returnExceptions', 'decided', 'parent', 'op'))
  local left = call('HINCRBY', groupKey, 'left', -1)
  if not undispatched then
    local inflight = call('HINCRBY', groupKey, 'inflight', -1)
    limit = tonumber(limit)
    if limit > 0 and inflight < limit and tonumber(popped) < tonumber(size) then makeGroupReady(group) end
  end
  if decided == '1' then return left end
  local failed = returnExceptions == '0' and state ~= 'succeeded'
  if not failed and left > 0 then return left end
  call('HSET', groupKey, 'decided', 1, 'decidedAt', time)
  add('gathers', -1)
  if not call('HGET', key('task', parent), 'finished') then
    deliver(parent, op .. '\ngroup\n' .. (failed and index or ''))
  end
  return left
end

-- The coroutine has ended: the task is settled, or, a root with tasks below it, its tree is ended first. True when settled.
local function conclude(id, state, payload, before, time)
  local taskKey = key('task', id)
  if id ~= rootOf(id) or call('SCARD', key('live', id)) == 0 then
    finish(id, state, payload, time)
    return true
  end
  call('HSET', taskKey, 'state', 'running', 'ending', state .. '\n' .. payload)
  call('HDEL', taskKey, 'token')
  moved(before, 'running', 1)
  dropTimers(id)
  call('ZADD', prefix .. 'ending', time, id)
  return false
end

finish = function(id, state, payload, time)
  local taskKey, root = key('task', id), rootOf(id)
  local before, parent, op, group, index, watched, undispatched, coroutine, commits, ttl, retrying, startBy =
    unpack(call('HMGET', taskKey, 'state', 'parent', 'op', 'group', 'index', 'watched', 'undispatched', 'coroutine',
      'commits', 'ttl', 'retrying', 'startBy'))
  call('HSET', taskKey, 'state', state, 'payload', payload, 'finished', time)
  moved(before, nil, 1)
  ended(state, coroutine, 1)
  call('HDEL', taskKey, 'token', 'stranded', 'cancelRequested')
  if retrying then call('HDEL', taskKey, 'retrying', 'retryMs', 'retryAt') end
  if startBy then call('HDEL', taskKey, 'startBy') end
  if commits or retrying or startBy then dropTimers(id) end
  if not parent then return rootSettled(id, ttl, time) end
  if watched then watchedIds[#watchedIds + 1] = id end
  if call('SREM', key('live', root), id) == 0 then call('SREM', key('later', root), id) end
  local parentKey = key('task', parent)
  call('HINCRBY', parentKey, before == 'pending' and 'pending' or 'running', -1)
  call('HINCRBY', parentKey, state, 1)
  local finished, retryMs
  if not group then
    finished, retryMs = unpack(call('HMGET', parentKey, 'finished', 'retryMs'))
    if not finished then deliver(parent, op .. '\n@\n' .. id) end
  elseif decide(group, index, state, undispatched, time) == 0 then retryMs = call('HGET', parentKey, 'retryMs') end
  if retryMs then backOff(parent, time) end
  tellWaiters(id)
  completeRoot(root, time)
end
