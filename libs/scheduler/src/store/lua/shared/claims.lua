-- Claims of one session: which tasks start there, under which token. `claimAs` tells whose. Those that run for the first time have
-- much in common, and are told in few words: `firstRuns`.
local session, nonce, max, mostBytes, firstToken, time = nil, nil, 0, 0, nil, nil
local claims, firstRuns, claimed, bytes, taken = {}, newTexts(), {}, 0, 0
local function claimAs(at)
  session, nonce, max, mostBytes, time = arg(), arg(), count(), count(), at
  firstToken = '1:' .. session .. ':' .. nonce
end

local known = {}
local function serves(coroutine)
  if known[coroutine] == nil then known[coroutine] = call('SISMEMBER', key('serves', coroutine), session) == 1 end
  return known[coroutine]
end

local function giveToOthers(id, coroutine)
  unschedule(id, coroutine)
  if isServed(coroutine) then call('ZADD', hinted, -(time + 100), id) -- for another worker, in a moment
  else strand(id, coroutine) end
end

local function isFull() return taken >= max or bytes > mostBytes end

local function readClaimed(id)
  return call('HMGET', key('task', id), 'state', 'token', 'coroutine', 'args', 'options', 'attempt', 'parent', 'created',
    'watched', 'startBy', 'cancelRequested')
end

-- Most tasks run once and have no operations: what others have besides is read for them only. `row`: of readClaimed.
-- `popped`: it has just been taken from where it waited.
local function claimRecord(id, row, popped)
  local taskKey = key('task', id)
  local state, token, coroutine, args, options, attempt, parent, created, watched, startBy, cancelled =
    unpack(row or readClaimed(id), 1, 11)
  local started, commits, crashes, retrying, failures, firstOp, loggedBefore, retryMs, retryAt, begun
  if attempt then
    started, commits, crashes, retrying, failures, firstOp, loggedBefore, retryMs, retryAt, begun =
      unpack(call('HMGET', taskKey, 'started', 'commits', 'crashes', 'retrying', 'failures', 'firstOp', 'loggedBefore',
        'retryMs', 'retryAt', 'begun'))
  end
  attempt = tonumber(attempt or 0)
  local again = token and token == attempt .. ':' .. session .. ':' .. nonce
  if not again then
    if state ~= 'pending' or token or retryMs or retryAt then return call('ZREM', hinted, id) end
    if startBy and endLate(id, time) then return end
    if not serves(coroutine) then return giveToOthers(id, coroutine) end
    if not popped then unschedule(id, coroutine) end
    if isFull() then return endUnstarted(id, time) or makeReadyFirst(id, time) end
    if crashes and isSuspect(id) and not tryOn(session, id, claimed) then return call('ZADD', hinted, -(time + 100), id) end
    attempt = attempt + 1
    token = attempt .. ':' .. session .. ':' .. nonce
    started = started and tonumber(started) or time
    call('HSET', taskKey, 'state', 'running', 'attempt', spell(attempt), 'token', token, 'worker', session, 'started', spell(started))
    if retrying then
      begun = time
      call('HDEL', taskKey, 'retrying')
      call('HSET', taskKey, 'begun', begun)
    end
    if startBy then
      call('HDEL', taskKey, 'startBy')
      clearTimer(id, 'limit')
    end
    claimed[#claimed + 1] = id
    moved('pending', 'running', 1)
    if watched == '2' then watchedIds[#watchedIds + 1] = id end
    if parent then childMoved(parent, 'pending', 'running', 1) end
  end
  local history, events, logged = {}, {}, 0
  if commits or failures or cancelled then
    history, events = call('LRANGE', key('history', id), 0, -1), eventsFrom(id, 0)
    logged = call('LLEN', key('logs', id)) - (loggedBefore or 0)
  end
  bytes = bytes + #args
  for i = 1, #history do bytes = bytes + #history[i] end
  for i = 1, #events do bytes = bytes + #events[i] end
  taken = taken + 1
  if token == firstToken and started == time and not (commits or failures or cancelled) then
    return addText(firstRuns, table.concat({ id, created, parent or '', options or '{}', coroutine, args }, '\n'))
  end
  claims[#claims + 1] = { id, token, coroutine, args, options or '{}', attempt, parent or '', created, started, commits or 0,
    logged, failures or 0, firstOp or 0, begun or started, time, history, events }
end

-- Members of one call and gather that follow each other are a batch: the one that is being claimed.
local memberClaims, batch = {}, nil

local function writeEntries(group, number, first, count)
  local entries, before = {}, #claimed
  for i = 1, count do
    local index = spellIndex(first + i - 1)
    entries[2 * i - 1], entries[2 * i] = index, '*' .. number
    claimed[before + i] = group .. '.' .. index
  end
  callWithAll('HSET', key('entries', group), entries)
end

-- What its members have in common, when no other follows.
local function writeMembers()
  local own = batch
  batch = nil
  if not own or own.entry then return end
  local group, known, count = own.group, groupOf(own.group), own.count
  local number = newBatch(group, firstToken, spell(time), own.coroutine)
  if own.coroutine ~= '' and count >= leastWhole and not known.apart then claimWhole(group, number, own.first, own.first + count - 1, session)
  else writeEntries(group, number, own.first, count) end
  moved('pending', 'running', count)
  childMoved(known.parent, 'pending', 'running', count)
end

-- `entry`: of one that the same call has claimed before.
local function addMember(group, index, row, coroutine, entry)
  if not batch or batch.group ~= group or batch.first + batch.count ~= index or batch.entry ~= entry then
    writeMembers()
    local known, started = groupOf(group), entry and batchOf(group, string.sub(entry, 2)).started or time
    batch = { group = group, first = index, count = 0, coroutine = coroutine, entry = entry, rows = newTexts() }
    memberClaims[#memberClaims + 1] = { group, firstToken, known.parent, known.created, started, time, index, batch.rows }
  elseif batch.coroutine ~= coroutine then batch.coroutine = '' end
  batch.count = batch.count + 1
  addText(batch.rows, row)
  bytes = bytes + #row
  taken = taken + 1
end

local function claimMember(id, group, index, row, entry)
  local coroutine = string.match(row, '^[^\n]*')
  if not entry then
    if not serves(coroutine) then return giveToOthers(id, coroutine) end
    if isFull() then return makeReadyFirst(id, time) end
  end
  addMember(group, index, row, coroutine, entry)
end

-- Rows of a group's members that are asked for: those that follow each other in one read.
local function rowsAt(group, indices)
  local rows, first = {}, 1
  while first <= #indices do
    local last = first
    while last < #indices and indices[last + 1] == indices[last] + 1 do last = last + 1 end
    for i, row in ipairs(call('LRANGE', key('backlog', group), indices[first], indices[last])) do
      rows[indices[first] + i - 1] = row
    end
    first = last + 1
  end
  return rows
end

local seen = {}
local function once(id)
  local new = not seen[id]
  seen[id] = true
  return new
end

-- By T3 an open member without an entry that was handed out is hinted, or else in `ready` by itself.
local function claimMembers(group, indices)
  local known, numbers = groupOf(group), {}
  for i, index in ipairs(indices) do numbers[i] = tonumber(index) end
  local bound = known and (known.dropped or known.popped) or 0
  local entries, rows, open = entriesAt(group, indices), rowsAt(group, numbers), {}
  for i, index in ipairs(indices) do
    local id = group .. '.' .. index
    if not entries[i] and numbers[i] < bound and not seen[id] then open[#open + 1] = id end
  end
  local places = 0
  for from = 1, #open, 1000 do
    places = places + call('ZREM', hinted, unpack(open, from, math.min(from + 999, #open)))
  end
  if places < #open then callWithAll('ZREM', ready, open) end
  for i, index in ipairs(indices) do
    local id, entry = group .. '.' .. index, entries[i]
    if once(id) then
      if promoted[id] or entry == '@' or not rows[numbers[i]] then
        writeMembers()
        claimRecord(id)
      elseif not entry then
        if numbers[i] < bound then claimMember(id, group, numbers[i], rows[numbers[i]], false) end
      elseif isOpenEntry(entry) and batchOf(group, string.sub(entry, 2)).token == firstToken then
        claimMember(id, group, numbers[i], rows[numbers[i]], entry)
      end
    end
  end
end

-- `next:<lane>` of a session: the nonce of its last call of this lane that took what was ready, and what that was, a line
-- each. Calls of one lane follow each other.
local lines = {}

-- Members of a group that come next in its backlog; nil when the first of them is nothing for this session. Most have the same
-- coroutine as the one before.
local function nextMembers(group, room)
  local rows, first, skipped = nextInBacklog(group, room)
  local from, to, coroutine, start
  local through, before = 0, taken
  for i = 1, #rows do
    if isFull() then break end
    local index, row = first + i - 1, rows[i]
    if not skipped[index] then
      if not start or string.find(row, start, 1, true) ~= 1 then
        coroutine = string.match(row, '^[^\n]*')
        if not serves(coroutine) then break end
        start = coroutine .. '\n'
      end
      addMember(group, index, row, coroutine, false)
      from, to = from or index, index
    end
    through = i
  end
  if through == 0 then return #rows == 0 and 0 or nil end
  membersTaken(group, through, taken - before)
  groupGoesOn(group)
  if from then lines[#lines + 1] = group .. ' ' .. spell(from) .. ' ' .. spell(to) end
  return isFull() and math.huge or taken - before
end

-- It has been taken from where it waited. Nil when it is nothing for this session.
local function nextTask(id)
  local row, group, index = readClaimed(id), memberOf(id)
  if row[3] then
    if not serves(row[3]) then return nil end
    writeMembers()
    claimRecord(id, row, true)
  elseif group then
    local waiting = call('LINDEX', key('backlog', group), index)
    if not waiting then return 0 end
    if not serves(string.match(waiting, '^[^\n]*')) then return nil end
    claimMember(id, group, index, waiting, false)
  else return 0 end
  lines[#lines + 1] = id
  return isFull() and math.huge or 1
end

local function claimAgain(told)
  for line in string.gmatch(told, '[^\n]+') do
    local group, from, to = string.match(line, '^(%S+) (%d+) (%d+)$')
    local single, index = memberOf(line)
    if group then
      local indices = {}
      for each = tonumber(from), tonumber(to) do indices[#indices + 1] = spellIndex(each) end
      claimMembers(group, indices)
    elseif single then claimMembers(single, { spellIndex(index) })
    else claimRecord(line) end
  end
end

-- What has been on its way for a while: Dispatch may be slow where coroutines hold the loops, or nobody else knows the
-- coroutine. Answers how many were taken.
local function nextHinted(room)
  local took = 0
  local late = call('ZRANGEBYSCORE', hinted, 0, time - 50, 'WITHSCORES', 'LIMIT', 0, math.max(0, room))
  for i = 1, #late, 2 do
    if isFull() then break end
    call('ZREM', hinted, late[i])
    if nextTask(late[i]) then took = took + 1 else call('ZADD', hinted, late[i + 1], late[i]) end
  end
  return took
end

-- Takes what comes next: what has been on its way for a while, then what is ready, in its order, for slots that nothing is on
-- its way to; each other hint has a free slot somewhere.
local function claimNext(lane)
  local sessionKey = key('session', session)
  local before, told = string.match(call('HGET', sessionKey, 'next:' .. lane) or '', '^([^\n]*)\n(.*)$')
  if before == nonce then return claimAgain(told) end
  local room, free = max, freeSlots()
  room = room - nextHinted(room)
  if not isFull() then fromReady(math.min(room, free), 100, nextMembers, nextTask) end
  if #lines > 0 then call('HSET', sessionKey, 'next:' .. lane, nonce .. '\n' .. table.concat(lines, '\n')) end
end

-- What a script that claims ends with, before `take`.
local function writeClaims()
  writeMembers()
  for _, answer in ipairs(memberClaims) do answer[8] = allTexts(answer[8]) end
  local rows = allTexts(firstRuns)
  if #rows > 0 then memberClaims[#memberClaims + 1] = { '', firstToken, '', '', time, time, 0, rows } end
  callWithAll('SADD', key('claims', session), claimed)
end

-- Who has slots to spare takes what comes next. ARGV: '' for nobody, or lane session nonce max bytes resting ('': as before).
local function followOn(at)
  local lane = arg()
  if lane == '' then return end
  claimAs(at)
  local resting = arg()
  if resting ~= '' then rests(session, tonumber(resting)) end
  writeAll()
  claimNext(lane)
  writeClaims()
end
