-- Who has slots to spare takes what comes next.

-- `next:<lane>` of a session: the nonce of its last call of this lane that took what was ready, and what that was, a line
-- each. Calls of one lane follow each other.
local lines
atStart(function() lines = {} end)

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

-- What a script takes besides, at its end. ARGV: '' for nobody, or lane session nonce max bytes resting ('': as before).
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
