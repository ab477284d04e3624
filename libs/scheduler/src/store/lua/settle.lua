#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step. With `retryMs` another attempt follows,
  unless a cancel was requested. Who has slots to spare takes up to `max` of what is ready in the same step.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same. Allowed when memory is full; as `settle-growing`
  (scripts.ts), for members that end together with what they have gathered, it is not.
  KEYS prefix    ARGV count, then group, token, states ('' when all succeeded, else a letter each: s, f or c), 'index index ...'
  or 'first-last', 'payload NUL payload ...' for each; count, then id token state payload '' for each, or 'more' progress retryMs firstOp n logs
  in place of ''; count, then group index token state payload of a member and the gather that it ends with: id op
  returnExceptions limit 'row NUL row ...' token 'result NUL result ...', for each; what followOn reads (claim-next.lua); channel
  Returns {{'ending' | 'retrying' | 'fenced' | n for n that are settled, ...} in that order, hints, news of the caller, partitions
  with mail, claims, members and first runs as claim.lua answers them}    Cost O((settlements + claimed) x log ready) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree logs suspects least-whole claims claim-members claim-next gather
local time, answers, toTell = now(), {}, {}

-- Most have settled: so many in a row are answered as a number.
local settled = 0
local function answer(kind)
  if kind == 'settled' then
    settled = settled + 1
    return
  end
  if settled > 0 then answers[#answers + 1], settled = settled, 0 end
  if kind then answers[#answers + 1] = kind end
end

local function isCurrent(current, token) return current == token end

local function settleRecord(id, settlement)
  local taskKey = key('task', id)
  local row = readEnd(taskKey)
  local before, current, cancelled, settledBy, worker, crashes = row[1], row[13], row[15], row[16], row[17], row[18]
  if settledBy == settlement.token then
    local finished, ending = unpack(call('HMGET', taskKey, 'finished', 'ending'))
    return finished and 'settled' or ending and 'ending' or 'retrying'
  elseif not isCurrent(current, settlement.token) then
    -- Of a member that has ended as an entry, under this token: sent again.
    return not before and claimOfEntry(id) == settlement.token and 'settled' or 'fenced'
  end
  local kind
  keepLogs(id, rootOf(id), settlement.logs)
  if settlement.progress ~= '' then call('HSET', taskKey, 'progress', settlement.progress) end
  leave(key('claims', worker), id)
  if settlement.retryMs ~= '' and not cancelled then
    call('HSET', taskKey, 'settledBy', settlement.token)
    retry(id, before, settlement.payload, settlement.retryMs, settlement.firstOp, time)
    kind = 'retrying'
  else
    kind = conclude(id, settlement.state, settlement.payload, row, settlement.token, time) and 'settled' or 'ending'
  end
  if crashes and tonumber(crashes) > 1 then nextSuspect(time) end
  return kind
end

-- So many bytes are read and taken apart for the result of one member.
local mostResults = 32768
-- Members `first` to `last` end together, as nobody but their parent hears of them: false when they are not in a whole batch that
-- runs under the token, or too few of it, or have too much to tell. `results`: in one text, with NUL between.
local function endWhole(group, token, first, last, results)
  local known, whole = groupOf(group), wholeAt(group, first)
  if not whole or whole.last < last or known.awaited or #results > mostResults then return false end
  local batch, members = batchOf(group, whole.number), last - first + 1
  if batch.ended or not isCurrent(batch.token, token) then return false end
  if members < whole.last - whole.first + 1 then
    if members < leastWhole then return false end
    whole = cut(group, whole, first, last)
    batch = batchOf(group, whole.number)
  end
  batch.ended = spell(time - known.created)
  call('HSET', key('outcomes', group), whole.number, results)
  call('HSET', key('batches', group), whole.number,
    token .. '\n' .. batch.started .. '\n' .. batch.coroutine .. '\n' .. batch.ended)
  leave(key('claims', caller), claimOfWhole(group, whole))
  addTo(key('session', caller), 'batched', first - last)
  moved('running', nil, members)
  ended('succeeded', batch.coroutine, members)
  childMoved(known.parent, 'running', 'succeeded', members)
  membersEnded(group, members, nil, time)
  if isBundle(group) then tellEndsIn(known, group .. ' ' .. spell(first) .. '-' .. spell(last)) end
  settled = settled + members
  return true
end

-- Of members that are to end one by one.
local function takeAllApart(group, indices)
  local wholeOf = wholes(group)
  for _, index in ipairs(indices) do
    local whole = wholeOf(tonumber(index))
    if whole and not batchOf(group, whole.number).ended then takeApartAt(group, index, whole.number) end
  end
end

-- Members of one group and claim that have ended with an outcome and nothing else. Most of them are entries, or a whole batch.
local function settleMembers()
  local group, token, letters, span, results, indices = arg(), arg(), arg(), arg(), arg(), {}
  callerOf(token)
  local first, last = string.match(span, '^(%d+)%-(%d+)$')
  if first and letters == '' and endWhole(group, token, tonumber(first), tonumber(last), results) then return end
  if first then for index = first, last do indices[#indices + 1] = spellIndex(index) end
  else for index in string.gmatch(span, '%d+') do indices[#indices + 1] = index end end
  local payloads = textsIn(results)
  takeAllApart(group, indices)
  local entries, claims, known, done = entriesAt(group, indices), key('claims', caller), groupOf(group), {}
  local row, ids, finishedHere, byCoroutine, failed = {}, {}, 0, {}, nil
  -- The entry of a member that runs under this token; its claim; how an entry begins when it has ended, and how many have, by
  -- state.
  local mine, batch, starts, ends = nil, nil, nil, nil

  local function write()
    if finishedHere == 0 then return end
    callWithAll('HSET', key('entries', group), row)
    for i = 1, finishedHere do
      leave(claims, ids[i])
      if isBundle(group) then tellEndsIn(known, ids[i]) end
    end
    for coroutine, counted in pairs(byCoroutine) do
      for state, n in pairs(counted) do
        moved('running', nil, n)
        ended(state, coroutine, n)
        childMoved(known.parent, 'running', state, n)
      end
    end
    membersEnded(group, finishedHere, failed, time)
    row, ids, finishedHere, byCoroutine, failed, ends = {}, {}, 0, {}, nil, nil
  end

  local function settleOne(index, entry, state, payload)
    local id = memberId(group, index)
    if not entry or entry == '@' or promoted[id] then
      write()
      return settleRecord(id, { token = token, state = state, payload = payload, progress = '', retryMs = '', logs = {} })
    end
    if entry ~= mine then
      local number = string.match(entry, '^.(%d+)')
      if not isCurrent(batchOf(group, number).token, token) then return 'fenced' end
      if not isOpenEntry(entry) then return 'settled' end
      mine, batch, starts, ends = entry, batchOf(group, number), {}, nil
    end
    local start = starts[state]
    if not start then
      start = string.sub(state, 1, 1) .. string.sub(mine, 2) .. '\n' .. spell(time - known.created) .. '\n'
      starts[state] = start
    end
    if batch.coroutine == '' then ends = gathered(byCoroutine, (rowOf(group, index)))
    else ends = ends or gathered(byCoroutine, batch.coroutine) end
    finishedHere = finishedHere + 1
    row[2 * finishedHere - 1], row[2 * finishedHere], ids[finishedHere] = index, start .. payload, id
    ends[state] = (ends[state] or 0) + 1
    if state ~= 'succeeded' then failed = failed or index end
    if known.awaited then toTell[#toTell + 1] = { id, state, payload } end
    return 'settled'
  end

  local records = {}
  for i, index in ipairs(indices) do
    if entries[i] == '@' then records[#records + 1] = memberId(group, index) end
  end
  askForWaiters(records)
  for i, index in ipairs(indices) do
    local state = letters == '' and 'succeeded' or words[string.sub(letters, i, i)]
    done[index] = done[index] or settleOne(index, entries[i], state, payloads[i])
    answer(done[index])
  end
  write()
end

for _ = 1, count() do settleMembers() end
local settlements, ids = {}, {}
for i = 1, count() do
  local id = arg()
  ids[i] = id
  local settlement = { token = arg(), state = arg(), payload = arg(), progress = '', retryMs = '', logs = {} }
  if arg() == 'more' then
    settlement.progress, settlement.retryMs, settlement.firstOp = arg(), arg(), arg()
    for n = 1, count() do settlement.logs[n] = arg() end
  end
  settlements[i] = settlement
end
askForWaiters(ids)
for i, id in ipairs(ids) do
  callerOf(settlements[i].token)
  promoteClaimed(id)
  answer(settleRecord(id, settlements[i]))
end

-- A member that ends together with all that it has gathered (adr/0019).
local function settleGathering()
  local group, index, token, state, payload = arg(), arg(), arg(), arg(), arg()
  local gather = { id = arg(), op = arg(), returnExceptions = arg(), limit = arg(), rows = textsIn(arg()), token = arg() }
  gather.first, gather.last, gather.running, gather.results = 1, #gather.rows, 0, textsIn(arg())
  callerOf(token)
  local id, entry = group .. '.' .. index, entryAt(group, index)
  if not entry or entry == '@' or promoted[id] then
    if isCurrent(call('HGET', key('task', id), 'token'), token) then newGather(id, rootOf(id), gather, 0, true, time) end
    return settleRecord(id, { token = token, state = state, payload = payload, progress = '', retryMs = '', logs = {} })
  end
  local number, known = string.match(entry, '^.(%d+)'), groupOf(group)
  local batch = batchOf(group, number)
  if not isCurrent(batch.token, token) then return 'fenced' end
  if not isOpenEntry(entry) then return 'settled' end
  takeApartAt(group, index, number)
  newGather(id, rootOf(id), gather, 0, false, time)
  call('HSET', key('entries', group), index, endWithChildren(state, number, time - known.created, payload))
  leave(key('claims', caller), id)
  moved('running', nil, 1)
  ended(state, batch.coroutine ~= '' and batch.coroutine or rowOf(group, index), 1)
  childMoved(known.parent, 'running', state, 1)
  membersEnded(group, 1, state ~= 'succeeded' and index or nil, time)
  if known.awaited then toTell[#toTell + 1] = { id, state, payload } end
  return 'settled'
end
for _ = 1, count() do answer(settleGathering()) end

answer(nil)
for _, each in ipairs(toTell) do
  tellWaiters(each[1], each[2], each[3])
  call('SREM', key('awaited', (memberOf(each[1]))), each[1])
end
followOn(time)
local handed = take(time)
publishNews()
return { answers, handed, newsOfCaller(), mailTo, claims, memberClaims, firstClaims() }
