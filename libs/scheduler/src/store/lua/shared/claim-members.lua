-- Claims of members of gathers.

-- Members of one call and gather that follow each other are a batch: the one that is being claimed.
local memberClaims, batch
atStart(function() memberClaims, batch = {}, nil end)

local function writeEntries(group, number, first, count)
  local entries, before = {}, #claimed
  for i = 1, count do
    local index = spellIndex(first + i - 1)
    entries[2 * i - 1], entries[2 * i] = index, '*' .. number
    claimed[before + i] = memberId(group, index)
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
  if own.coroutine ~= '' and count >= leastWhole and not known.apart then
    claimWhole(group, number, own.first, own.first + count - 1, session)
  else
    writeEntries(group, number, own.first, count)
  end
  moved('pending', 'running', count)
  childMoved(known.parent, 'pending', 'running', count)
end

-- `entry`: of one that the same call has claimed before.
local function addMember(group, index, row, coroutine, entry)
  if not batch or batch.group ~= group or batch.first + batch.count ~= index or batch.entry ~= entry then
    writeMembers()
    local known, started = groupOf(group), entry and batchOf(group, string.sub(entry, 2)).started or time
    batch = { group = group, first = index, count = 0, coroutine = coroutine, entry = entry, rows = newTexts() }
    memberClaims[#memberClaims + 1] = { group, firstToken, known.parent or '', known.created, started, time, index, batch.rows }
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

-- By T3 an open member without an entry that was handed out is hinted, or else in `ready` by itself.
local function claimMembers(group, indices)
  local known, numbers = groupOf(group), {}
  for i, index in ipairs(indices) do numbers[i] = tonumber(index) end
  local bound = known and (known.dropped or known.popped) or 0
  local entries, rows, open = entriesAt(group, indices), rowsAt(group, numbers), {}
  for i, index in ipairs(indices) do
    local id = memberId(group, index)
    if not entries[i] and numbers[i] < bound and not seen[id] then open[#open + 1] = id end
  end
  local places = 0
  for from = 1, #open, 1000 do
    places = places + call('ZREM', hinted, unpack(open, from, math.min(from + 999, #open)))
  end
  if places < #open then callWithAll('ZREM', ready, open) end
  for i, index in ipairs(indices) do
    local id, entry = memberId(group, index), entries[i]
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

-- What a script that claims ends with, before `take`.
local function writeClaims()
  writeMembers()
  for _, answer in ipairs(memberClaims) do answer[8] = allTexts(answer[8]) end
  callWithAll('SADD', key('claims', session), claimed)
end
