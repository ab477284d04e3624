#!lua flags=allow-oom
--[[ sweep: what time makes due. Called by every worker once a second; a call more often does no harm.
  A store that was stopped or paused, or whose clock jumped, costs nobody the lease (sessions.lua, rule 2): whoever comes back
  has some seconds to beat. A session is gone after 3.5 s without a beat; one that has not beaten since a worker of the same
  name came after 1.5 s, as a beat comes each second from a thread of its own.
  Keeps T2, T3, T4, D1. KEYS prefix    ARGV hintTtlMs; channel
  Returns {hints, expired, timers, removed, workers, slots, more, partitions with mail}    Cost O(page), at most 500 of each kind ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree sessions revive remove deadlock suspects
local hintTtl = count()
local time, page = now(), 500
local up = uptime(time)
call('MSET', prefix .. 'uptime', up, prefix .. 'swept', time)

local expired, more = 0, 0
local function isGone(session)
  return tonumber(call('ZSCORE', sessions, session)) < up - 3500 or call('HEXISTS', key('session', session), 'succeeded') == 1
end
local function giveUp(session)
  if call('SCARD', key('serving', session)) > 0 then
    stopServing(session)
    rests(session, 0)
    call('HSET', key('session', session), 'slots', 0, 'lost', time)
    call('INCR', prefix .. 'deaths')
    recount()
  end
  local explained = false
  local ids = {}
  for _, claim in ipairs(call('SRANDMEMBER', key('claims', session), page)) do
    if #ids >= page then break end
    append(ids, unpack(idsOfClaim(claim)))
  end
  for _, id in ipairs(ids) do
    promoteClaimed(id)
    local crashes = crashed(id, session)
    if crashes then
      call('SREM', key('claims', session), id)
      local payload = cjson.encode({ type = 'WorkerCrashed', message = crashes ..
        ' workers in a row have died while they ran this task, the last was ' .. session .. ': see what its log ends with' })
      explained = true
      conclude(id, 'failed', payload, readEnd(key('task', id)), nil, time)
    else
      revive(id, session, 0, time)
    end
    expired = expired + 1
    add('recovered', 1)
  end
  if explained then call('DECR', prefix .. 'deaths') end
  if call('EXISTS', key('claims', session)) == 0 then
    call('ZREM', sessions, session)
    call('ZADD', prefix .. 'lost', time, session)
    call('EXPIRE', key('session', session), 3600)
    recount()
  else
    more = 1
  end
end
for _, session in ipairs(call('ZRANGEBYSCORE', sessions, '-inf', '(' .. (up - 1500), 'LIMIT', 0, 20)) do
  if isGone(session) then giveUp(session) end
end
call('ZREMRANGEBYSCORE', prefix .. 'lost', '-inf', time - 3600000)

local fired = 0
local due = call('ZRANGEBYSCORE', timers, '-inf', time, 'LIMIT', 0, page)
for _, member in ipairs(due) do
  local id, what = string.match(member, '^(.*):(%w+)$')
  clearTimer(id, what)
  if isOpen(id) then
    if what == 'retry' then
      if continueRetry(id, time) then more = 1 end
    elseif what ~= 'limit' then deliver(id, what .. '\ntimer\n')
    elseif not endLate(id, time) and call('HEXISTS', key('task', id), 'parked') == 1 then wake(id) end
    fired = fired + 1
  end
end

-- Below 0: came to the wrong worker and waits a moment (claim.lua), or has a moment to start (cancel).
local overdue = call('ZRANGEBYSCORE', hinted, 0, '(' .. (time - hintTtl), 'LIMIT', 0, page)
for _, id in ipairs(call('ZRANGEBYSCORE', hinted, -time, '(0', 'LIMIT', 0, page)) do overdue[#overdue + 1] = id end
for _, id in ipairs(overdue) do
  call('ZREM', hinted, id)
  if not endUnstarted(id, time) then makeReadyFirst(id, time) end
end

for _, coroutine in ipairs(call('SRANDMEMBER', prefix .. 'stranded', 20)) do
  if isServed(coroutine) and unstrand(coroutine, page) == page then more = 1 end
end
if #due == page or #overdue >= page then more = 1 end

local ending = call('ZRANGEBYSCORE', prefix .. 'ending', '-inf', time - 3000, 'LIMIT', 0, 1)[1]
if ending then
  -- from the start: at worst a task is cancelled once more, as when a loop is stopped twice
  endTreePage(ending, '0', time)
end

writeAll() -- nothing may be counted any more in what is removed now
local removed, unremoved = removePage(time)
if unremoved then more = 1 end

checkForDeadlocks(time)

local taken = take(time)
publishNews()
return { taken, expired, fired, removed, call('ZCARD', sessions), tonumber(string.match(call('GET', prefix .. 'capacity') or '0', '^%d+')), more,
  call('SMEMBERS', prefix .. 'outboxes') }
