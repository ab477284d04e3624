#!lua flags=allow-oom
--[[ commit: the requests of one turn of a task, for many tasks.
  Keeps T2 (token), T3, T4, I2, and L1 for what was delivered early. A turn whose number was applied before is answered and
  not applied again. One that knows of more turns, events or staged members than there are is not applied: the store has
  lost what it had acknowledged.
  A gather may come with its first members begun, and ended; of what has ended nobody is told but the parent, by its own worker.
  Allowed when memory is full, or suspended tasks could not go on; as `commit-growing` (scripts.ts), which creates tasks,
  it is not.
  KEYS prefix    ARGV count, then each turn as rows.ts writes it; what followOn reads (claim-next.lua); channel
  Returns {{{'committed', events} | {'fenced'} | {'behind'}, ...}, hints, news of the caller, partitions with mail, claims,
  members and first runs as claim.lua answers them, slots of all sessions}    Cost O(requests x log ready) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree subscribe logs start-by suspects least-whole claims claim-members claim-next gather
local time = now()

local function spawn(parent, root)
  local id, op, coroutine, args, options, priority, limits = arg(), arg(), arg(), arg(), arg(), arg(), arg()
  create(id, coroutine, args, options, priority, time, { 'parent', parent, 'op', op, 'seq', spell(numbers(root, 1)) })
  call('RPUSH', key('children', parent), id)
  addTo(key('task', parent), 'total', 1)
  addTo(key('task', parent), 'pending', 1)
  call('SADD', liveKey(root), id)
  mustStart(id, limits, time)
  moved(nil, 'pending', 1)
  makeReady(id, priority)
  return id
end

-- `lengths`: of groups that have members that were sent ahead.
local function gather(parent, root, token, lengths)
  local asked = { id = arg(), op = arg(), returnExceptions = arg(), limit = arg(), rows = ARGV }
  local members = count()
  asked.first, asked.last = cursor + 1, cursor + members
  cursor = cursor + members
  asked.token = arg()
  if asked.token ~= '' then
    asked.running, asked.results = count(), {}
    for i = 1, count() do asked.results[i] = arg() end
  end
  if lengths[asked.id] then
    call('RENAME', key('staged', token .. ':' .. asked.id), key('backlog', asked.id))
    call('PERSIST', key('backlog', asked.id))
  end
  return newGather(parent, root, asked, lengths[asked.id] or 0, true, time)
end

-- What a turn asks for, by kind: `turn` is {id, root, token, known, lengths, spawned, groups}, `n` how many of the kind follow.
local apply = {
  spawn = function(turn, n)
    for i = 1, n do turn.spawned[i] = spawn(turn.id, turn.root) end
  end,
  gather = function(turn, n)
    for i = 1, n do turn.groups[i] = gather(turn.id, turn.root, turn.token, turn.lengths) end
  end,
  ends = function(turn) -- asyncio.run: what the last turn of a root has created never starts
    for _, child in ipairs(turn.spawned) do cancelTask(child, '', '', time) end
    for _, each in ipairs(turn.groups) do dropBacklog(each, '', time) end
  end,
  timer = function(turn, n)
    for _ = 1, n do
      local op, ms = arg(), count()
      setTimer(turn.id, op, time + ms)
    end
  end,
  clear = function(turn, n)
    for _ = 1, n do clearTimer(turn.id, arg()) end
  end,
  early = function(turn, n) -- what nobody has heard of yet comes after it
    local inbox, events = key('inbox', turn.id), {}
    for i = 1, n do events[i] = arg() end
    append(events, unpack(call('LRANGE', inbox, turn.known, -1)))
    if #events > n then
      if turn.known == 0 then call('DEL', inbox) else call('LTRIM', inbox, 0, turn.known - 1) end
    end
    call('RPUSH', inbox, unpack(events))
  end,
  event = function(turn, n)
    for _ = 1, n do
      local timer, event = arg(), arg()
      if timer == '' or clearTimer(turn.id, timer) then call('RPUSH', key('inbox', turn.id), event) end
    end
  end,
  cancel = function(_, n)
    for _ = 1, n do
      local target, message, event, afterStart, abroad = arg(), arg(), arg(), arg(), arg()
      if abroad == '' then cancelTask(target, message, event, time, afterStart == '1')
      else post(abroad, 'cancel\n' .. target .. '\n' .. message .. '\n' .. event) end
    end
  end,
  ['cancel-group'] = function(_, n)
    for _ = 1, n do
      local target, message, event, _ = arg(), arg(), arg(), arg()
      cancelGroup(target, message, event, time)
    end
  end,
  subscribe = function(turn, n)
    for _ = 1, n do
      local op, target, abroad = arg(), arg(), arg()
      if abroad == '' then
        subscribe(turn.id, op, target)
        call('ZADD', prefix .. 'checks', 'NX', time + 1000, turn.id)
      else
        call('SADD', key('abroad', turn.id), op)
        post(abroad, 'wait\n' .. turn.id .. ':' .. op .. '\n' .. target)
      end
    end
  end,
  log = function(turn, n)
    local logs = {}
    for i = 1, n do logs[i] = arg() end
    keepLogs(turn.id, turn.root, logs)
  end,
  progress = function(turn) call('HSET', key('task', turn.id), 'progress', arg()) end,
}

-- How many members of which groups were sent ahead, and whether some of them are gone.
local function membersAhead(token)
  local lengths, lacking = {}, false
  if ARGV[cursor + 1] ~= 'ahead' then return lengths, lacking end
  arg()
  for _ = 1, count() do
    local group, size = arg(), count()
    lengths[group] = size
    if call('LLEN', key('staged', token .. ':' .. group)) ~= size then lacking = true end
  end
  return lengths, lacking
end

-- Token, number of turns, state, who watches it, crashes. A member has a record from its first turn on.
local function readRecord(id, seq)
  local taskKey = key('task', id)
  local function read() return call('HMGET', taskKey, 'token', 'commits', 'state', 'watched', 'crashes') end
  if seq == 1 then promoteClaimed(id) end
  local row = read()
  if row[3] or seq == 1 then return row end
  promoteClaimed(id) -- the store has lost what it had made
  return read()
end

local answers = {}
for i = 1, count() do
  local length = count() -- number of arguments of this turn, so that a refused one can be skipped
  local stop = cursor + length
  local id, token, seq, known, early, suspended, history, waits =
    arg(), arg(), count(), count(), count(), arg(), arg(), arg()
  local lengths, lacking = membersAhead(token)
  callerOf(token)
  local taskKey = key('task', id)
  local current, commits, state, watched, crashes = unpack(readRecord(id, seq), 1, 5)
  local isNext = seq == tonumber(commits or 0) + 1
  if current ~= token then
    answers[i] = { 'fenced' }
  elseif seq > tonumber(commits or 0) + 1 or isBehind(id, known) or (lacking and isNext) then
    answers[i] = { 'behind' }
  else
    if isNext then
      committing = id
      if history ~= '' then call('RPUSH', key('history', id), history) end
      local turn = { id = id, root = rootOf(id), token = token, known = known, lengths = lengths, spawned = {}, groups = {} }
      while cursor < stop do apply[arg()](turn, count()) end
      committing = nil
      if crashes and history ~= '' then call('HDEL', taskKey, 'crashes', 'crashedFrom') end -- it got on: no crash in a row
      if watched == '2' then watchedIds[#watchedIds + 1] = id end
    end
    local events = eventsFrom(id, known + early)
    local next = (suspended == '1' and #events == 0) and 'suspended' or 'running'
    local fields = { 'state', next }
    if next == 'suspended' then append(fields, 'awaits', waits) end
    if isNext then append(fields, 'commits', spell(seq), 'known', spell(known + early)) end
    call('HSET', taskKey, unpack(fields))
    moved(state, next, 1)
    answers[i] = { 'committed', events }
  end
  cursor = stop
end
followOn(time)
local handed = take(time)
publishNews()
return { answers, handed, newsOfCaller(), mailTo, claims, memberClaims, firstClaims(), (capacity()) }
