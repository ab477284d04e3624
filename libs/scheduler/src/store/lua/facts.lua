#!lua flags=no-writes
--[[ facts: the partition as a whole. Reads only.
  `queued` and `oldest` are exact while at most 200 entries are ready and 50 are hinted, and tell the least otherwise.
  KEYS prefix    Returns {counts (flat), names, stranded (flat: coroutine, tasks), roots, queued, oldest ms, late timer ms,
  orphaned, {up, draining, lost, slots, running}}    Cost O(names + sessions), and 250 tasks at most ]]
--# include keys now news texts batches members sessions
local time, oldest = now(), 0
local function waitsSince(at)
  if at then oldest = math.max(oldest, time - tonumber(at)) end
end
local function waitingTask(id)
  local created, waits = unpack(call('HMGET', key('task', id), 'created', 'waits'))
  local group = not created and memberOf(id)
  waitsSince(waits or created or group and call('HGET', key('group', group), 'created'))
end

local queued = call('ZCARD', prefix .. 'ready') + call('ZCARD', prefix .. 'hinted')
for _, id in ipairs(call('ZRANGE', prefix .. 'ready', 0, 199)) do
  if string.sub(id, 1, 1) == 'g' then
    local size, popped, inflight, limit, created =
      unpack(call('HMGET', key('group', string.sub(id, 2)), 'size', 'popped', 'inflight', 'limit', 'created'))
    local members = tonumber(size) - tonumber(popped)
    if tonumber(limit) > 0 then members = math.min(members, tonumber(limit) - tonumber(inflight)) end
    queued = queued + members - 1
    waitsSince(created)
  else
    waitingTask(id)
  end
end
for _, id in ipairs(call('ZRANGE', prefix .. 'hinted', 0, 49)) do waitingTask(id) end

local stranded = {}
for _, coroutine in ipairs(call('SRANDMEMBER', prefix .. 'stranded', 100)) do
  stranded[#stranded + 1] = coroutine
  stranded[#stranded + 1] = call('SCARD', key('stranded', coroutine))
  local id = call('SRANDMEMBER', key('stranded', coroutine))
  if id then waitingTask(id) end -- else its tasks were cancelled
end

local late = tonumber(call('ZRANGE', prefix .. 'timers', 0, 0, 'WITHSCORES')[2] or time)
local up, draining, lost, slots, running, orphaned = 0, 0, call('ZCARD', prefix .. 'lost'), 0, 0, 0
for _, session in ipairs(call('ZRANGE', sessions, 0, -1)) do
  local gone, drains, own, runs = unpack(call('HMGET', key('session', session), 'lost', 'draining', 'slots', 'running'))
  if gone then
    lost = lost + 1
    orphaned = orphaned + claimedBy(session)
  else
    if drains == '1' then draining = draining + 1
    else
      up = up + 1
      slots = slots + tonumber(own or 0)
    end
    running = running + tonumber(runs or 0)
  end
end
return { call('HGETALL', prefix .. 'counts'), call('SMEMBERS', prefix .. 'names'), stranded,
  call('ZCARD', prefix .. 'roots') + tonumber(call('HGET', prefix .. 'counts', 'bundled') or 0),
  queued, math.floor(oldest), math.max(0, time - late), orphaned,
  { up, draining, lost, slots, running } }
