#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step. With `retryMs` another attempt follows,
  unless a cancel was requested. Who has slots to spare takes up to `max` of what is ready in the same step.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same.
  KEYS prefix    ARGV count, then group token n, n indices, n ends (<s|f|c><payload>) for each; count, then id token state
  payload progress retryMs firstOp logs... for each; what followOn reads (claims.lua); channel
  Returns {{'settled' | 'ending' | 'retrying' | 'fenced', ...} in that order, hints, news of the caller, partitions with mail, claims and members
  as claim.lua answers them}    Cost O((settlements + claimed) x log ready) ]]
--# include keys now news sums counts members promote mail inbox tell ready take wake timers settle cancel retry end-tree logs suspects claims
local time, answers, toTell = now(), {}, {}

local function isCurrent(current, token) return current == token end

local function settleRecord(id, settlement)
  local taskKey = key('task', id)
  local row = readEnd(taskKey)
  local before, current, cancelled, settledBy, worker, crashes = row[1], row[13], row[15], row[16], row[17], row[18]
  if settledBy == settlement.token then
    local finished, ending = unpack(call('HMGET', taskKey, 'finished', 'ending'))
    return finished and 'settled' or ending and 'ending' or 'retrying'
  elseif not isCurrent(current, settlement.token) then
    return 'fenced'
  end
  local answer
  keepLogs(id, rootOf(id), settlement.logs)
  if settlement.progress ~= '' then call('HSET', taskKey, 'progress', settlement.progress) end
  leave(key('claims', worker), id)
  if settlement.retryMs ~= '' and not cancelled then
    call('HSET', taskKey, 'settledBy', settlement.token)
    retry(id, before, settlement.payload, settlement.retryMs, settlement.firstOp, time)
    answer = 'retrying'
  else
    answer = conclude(id, settlement.state, settlement.payload, row, settlement.token, time) and 'settled' or 'ending'
  end
  if crashes and tonumber(crashes) > 1 then nextSuspect(time) end
  return answer
end

-- Members of one group and claim that have ended with an outcome and nothing else. Most of them are entries.
local function settleMembers()
  local group, token, number = arg(), arg(), count()
  local first = cursor
  cursor = cursor + 2 * number
  callerOf(token)
  local indices = { unpack(ARGV, first + 1, first + number) }
  local entries, claims, known = entriesAt(group, indices), key('claims', caller), groupOf(group)
  local row, ids, byCoroutine, failed, done, ends = {}, {}, {}, nil, {}, nil

  local function write()
    if #ids == 0 then return end
    callWithAll('HSET', key('entries', group), row)
    for _, id in ipairs(ids) do leave(claims, id) end
    for coroutine, counted in pairs(byCoroutine) do
      for state, n in pairs(counted) do
        moved('running', nil, n)
        ended(state, coroutine, n)
        childMoved(known.parent, 'running', state, n)
      end
    end
    membersEnded(group, #ids, failed, time)
    row, ids, byCoroutine, failed, ends = {}, {}, {}, nil, nil
  end

  -- The entry of a member that runs under this token; its claim; what follows the letter when it has ended.
  local mine, batch, since, records = nil, nil, nil, {}
  for _, index in ipairs(indices) do
    if entries[index] == '@' then records[#records + 1] = group .. '.' .. index end
  end
  askForWaiters(records)
  for i, index in ipairs(indices) do
    local id, told, entry = group .. '.' .. index, ARGV[first + number + i], entries[index]
    local letter = string.sub(told, 1, 1)
    if entry and entry ~= mine and isOpenEntry(entry) and batchOf(group, string.sub(entry, 2)).token == token then
      mine, batch = entry, batchOf(group, string.sub(entry, 2))
      since, ends = string.sub(entry, 2) .. '\n' .. spell(time - known.created) .. '\n', nil
    end
    local current = entry and entry ~= '@' and (entry == mine and token or batchOf(group, string.match(entry, '^.(%d+)')).token)
    if done[index] then answers[#answers + 1] = done[index]
    elseif not entry or entry == '@' or promoted[id] then
      write()
      local plain = { token = token, state = words[letter], payload = string.sub(told, 2), progress = '', retryMs = '', logs = {} }
      answers[#answers + 1] = settleRecord(id, plain)
    elseif not isCurrent(current, token) then
      answers[#answers + 1] = 'fenced'
    else
      if entry == mine then
        row[#row + 1] = index
        row[#row + 1] = letter .. since .. string.sub(told, 2)
        ids[#ids + 1] = id
        if batch.coroutine == '' then ends = gathered(byCoroutine, (rowOf(group, index)))
        elseif not ends then ends = gathered(byCoroutine, batch.coroutine) end
        local state = words[letter]
        ends[state] = (ends[state] or 0) + 1
        if letter ~= 's' then failed = failed or index end
        if known.awaited then toTell[#toTell + 1] = { id, state, string.sub(told, 2) } end
      end
      answers[#answers + 1] = 'settled'
    end
    done[index] = answers[#answers]
  end
  write()
end

for _ = 1, count() do settleMembers() end
local settlements, ids = {}, {}
for i = 1, count() do
  local id = arg()
  ids[i] = id
  local settlement = { token = arg(), state = arg(), payload = arg(), progress = arg(), retryMs = arg(), firstOp = arg(),
    logs = {} }
  for n = 1, count() do settlement.logs[n] = arg() end
  settlements[i] = settlement
end
askForWaiters(ids)
for i, id in ipairs(ids) do
  callerOf(settlements[i].token)
  promoteClaimed(id)
  answers[#answers + 1] = settleRecord(id, settlements[i])
end
for _, each in ipairs(toTell) do
  tellWaiters(each[1], each[2], each[3])
  call('SREM', key('awaited', (memberOf(each[1]))), each[1])
end
followOn(time)
local handed = take(time)
publishNews()
return { answers, handed, newsOfCaller(), mailTo, claims, memberClaims }
