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

-- Tasks of this call that nobody waits for: asked for all of them at once.
local unawaited
atStart(function() unawaited = {} end)
local function askForWaiters(ids)
  local keys = {}
  for i, id in ipairs(ids) do keys[i] = key('waiters', id) end
  if #ids < 2 or call('EXISTS', unpack(keys)) > 0 then return end
  for _, id in ipairs(ids) do unawaited[id] = true end
end

local function tellWaiters(id, state, payload)
  if unawaited[id] then return end
  local waiters = call('SMEMBERS', key('waiters', id))
  if #waiters == 0 then return end
  for _, waiter in ipairs(waiters) do tellWaiter(waiter, id, state, payload) end
  call('DEL', key('waiters', id))
end

-- The tree is kept for `ttl` ms more, then the sweep removes it (remove.lua).
local function rootSettled(root, ttl, client, watched, time)
  scored(prefix .. 'expiring', spell(time + tonumber(ttl or 86400000)), root)
  watchedIds[#watchedIds + 1] = root
  endedRoots[root] = { client, watched }
  tellWaiters(root)
end

local function completeRoot(root, time)
  if not isEnding(root) then return end
  local rootKey = key('task', root)
  local ending, coroutine = unpack(call('HMGET', rootKey, 'ending', 'coroutine'))
  written(key('live', root))
  written(key('later', root))
  if not ending or call('SCARD', key('live', root)) > 0 then return end
  -- What was begun for cleaning up while the tree ended is ended in the next round, as asyncio.run does.
  if call('EXISTS', key('later', root)) == 1 then
    call('RENAME', key('later', root), key('live', root))
    call('ZADD', prefix .. 'ending', time, root)
    return endTreePage(root, '0', time)
  end
  local state, payload = string.match(ending, '^([^\n]*)\n(.*)$')
  endingRoots[root] = false
  call('HDEL', rootKey, 'ending')
  call('HSET', rootKey, 'state', state, 'payload', payload, 'finished', time)
  moved('running', nil, 1)
  add('ending', -1)
  ended(state, coroutine, 1)
  local ttl, client, watched = unpack(call('HMGET', rootKey, 'ttl', 'client', 'watched'))
  rootSettled(root, ttl, client, watched, time)
end

-- Whether the ends of members until now decide their group. `failed`: a member that has just ended otherwise than well.
local function decide(group, failed, time)
  local known = groupOf(group)
  if known.decided or ((known.returnExceptions or not failed) and known.left > 0) then return end
  known.decided = true
  put(known.key, 'decided', 1)
  put(known.key, 'decidedAt', time)
  add('gathers', -1)
  failed = not known.returnExceptions and failed or nil
  deliver(known.parent, known.op .. '\ngroup\n' .. (failed or ''), group, failed)
end

-- The end of a member that is a record. `undispatched`: it was still in the backlog. Answers how many members have not ended.
local function memberEnded(group, index, state, undispatched, time)
  local known = groupOf(group)
  known.left = known.left - 1
  put(known.key, 'left', known.left)
  if not undispatched then
    known.inflight = known.inflight - 1
    put(known.key, 'inflight', known.inflight)
    if known.limit > 0 and known.inflight < known.limit and known.popped < known.size then makeGroupReady(group) end
  end
  decide(group, state ~= 'succeeded' and index or nil, time)
  return known.left
end

-- What the end of a task has to know of it.
local function readEnd(taskKey)
  return call('HMGET', taskKey, 'state', 'parent', 'op', 'group', 'index', 'watched', 'undispatched', 'coroutine',
    'commits', 'ttl', 'retrying', 'startBy', 'token', 'stranded', 'cancelRequested', 'settledBy', 'worker', 'crashes',
    'client')
end

-- The coroutine has ended: the task is settled, or, a root with tasks below it, its tree is ended first. True when settled.
-- `row`: of readEnd; `token`: of the claim that settles it, if there is one.
local function conclude(id, state, payload, row, token, time)
  if id ~= rootOf(id) then
    finish(id, state, payload, time, row, token)
    return true
  end
  if row[9] then written(key('live', id)) end
  if not row[9] or call('SCARD', key('live', id)) == 0 then -- without a commit it has no children
    finish(id, state, payload, time, row, token)
    return true
  end
  local taskKey = key('task', id)
  call('HSET', taskKey, 'state', 'running', 'ending', state .. '\n' .. payload)
  if token then call('HSET', taskKey, 'settledBy', token) end
  endingRoots[id] = true
  call('HDEL', taskKey, 'token', 'retrying', 'retryMs', 'retryAt')
  moved(row[1], 'running', 1)
  add('ending', 1)
  dropTimers(id)
  call('ZADD', prefix .. 'ending', time, id)
  return false
end

finish = function(id, state, payload, time, row, settledBy)
  local taskKey, root = key('task', id), rootOf(id)
  row = row or readEnd(taskKey)
  local before, parent, op, group, index, watched, undispatched, coroutine, commits, ttl, retrying, startBy, token, stranded,
    cancelRequested = unpack(row)
  local at = spell(time)
  -- One command: the token is emptied, not deleted.
  if settledBy then
    call('HSET', taskKey, 'state', state, 'payload', payload, 'finished', at, 'settledBy', settledBy, 'token', '')
  elseif token then call('HSET', taskKey, 'state', state, 'payload', payload, 'finished', at, 'token', '')
  else call('HSET', taskKey, 'state', state, 'payload', payload, 'finished', at) end
  moved(before, nil, 1)
  ended(state, coroutine, 1)
  if stranded or cancelRequested then call('HDEL', taskKey, 'stranded', 'cancelRequested') end
  if retrying then call('HDEL', taskKey, 'retrying', 'retryMs', 'retryAt') end
  if startBy then call('HDEL', taskKey, 'startBy') end
  if commits or retrying or startBy then dropTimers(id) end
  if not parent then return rootSettled(id, ttl, row[19], watched, time) end
  if watched then watchedIds[#watchedIds + 1] = id end
  if not isEnding(root) then leave(key('live', root), id)
  else
    written(key('live', root))
    written(key('later', root))
    if call('SREM', key('live', root), id) == 0 then call('SREM', key('later', root), id) end
  end
  childMoved(parent, before == 'pending' and 'pending' or 'running', state, 1)
  local finished, retryMs
  if not group then
    finished, retryMs = unpack(call('HMGET', key('task', parent), 'finished', 'retryMs'))
    if not finished then deliver(parent, op .. '\n@\n' .. id) end
  elseif memberEnded(group, index, state, undispatched, time) == 0 then retryMs = call('HGET', key('task', parent), 'retryMs') end
  if retryMs then backOff(parent, time) end
  tellWaiters(id)
  completeRoot(root, time)
end

-- What follows from the end of members of a group that never became records. `failed`: the first of them that has not
-- succeeded, in the order of their ends.
local function membersEnded(group, count, failed, time)
  local known = groupOf(group)
  known.left, known.inflight, known.entries = known.left - count, known.inflight - count, known.entries - count
  put(known.key, 'left', known.left)
  put(known.key, 'inflight', known.inflight)
  put(known.key, 'entries', known.entries)
  if isBundle(group) then
    if known.left == 0 then bundleIsOver(group, known) end
    return
  end
  if known.limit > 0 and known.inflight < known.limit and known.popped < known.size then makeGroupReady(group) end
  if known.entries == 0 and known.popped >= known.size then leave(listOf(rootOf(group), group), 'g' .. group) end
  decide(group, failed, time)
  if known.left == 0 and call('HGET', key('task', known.parent), 'retryMs') then backOff(known.parent, time) end
  completeRoot(rootOf(group), time)
end
