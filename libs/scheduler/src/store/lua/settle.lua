#!lua flags=allow-oom
--[[ settle: outcomes of tasks; groups and parents are told in the same step. With `retryMs` another attempt follows,
  unless a cancel was requested.
  Keeps T1, T2, T3, T4, I2. The same settlement again is answered the same.
  KEYS prefix    ARGV count, then id token coroutine state payload progress retryMs firstOp logs... for each; channel
  Returns {{'settled' | 'ending' | 'retrying' | 'fenced', ...}, hints, news of the caller, partitions with mail}    Cost O(settlements x log ready) ]]
--# include keys now news sums counts members promote mail inbox ready take wake timers settle cancel retry end-tree logs suspects
local time, answers = now(), {}

-- Most members of gathers end as entries: nothing has happened to them that an entry cannot hold.
local function settleEntry(id, group, index, entry, settlement)
  local number = string.match(entry, '^.(%d+)')
  local batch = batchOf(group, number)
  local current = batch.token
  if current ~= settlement.token then return 'fenced' end
  if isOpenEntry(entry) then
    leave(key('claims', caller), id)
    local coroutine = batch.coroutine ~= '' and batch.coroutine or (rowOf(group, index))
    finishEntry(id, group, index, number, settlement.state, settlement.payload, coroutine, time)
  end
  return 'settled'
end

local function settleRecord(id, settlement)
  local taskKey = key('task', id)
  local row = readEnd(taskKey)
  local before, current, cancelled, settledBy, worker, crashes = row[1], row[13], row[15], row[16], row[17], row[18]
  if settledBy == settlement.token then
    local finished, ending = unpack(call('HMGET', taskKey, 'finished', 'ending'))
    return finished and 'settled' or ending and 'ending' or 'retrying'
  elseif current ~= settlement.token then
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

local settlements, indices, entries = {}, {}, {}
for i = 1, count() do
  local id = arg()
  local settlement = { id = id, token = arg(), state = arg(), payload = arg(), progress = arg(), retryMs = arg(),
    firstOp = arg(), logs = {} }
  for n = 1, count() do settlement.logs[n] = arg() end
  settlement.plain = settlement.progress == '' and settlement.retryMs == '' and #settlement.logs == 0
  settlement.group, settlement.index = memberOf(id)
  if settlement.group then
    local own = gathered(indices, settlement.group)
    own[#own + 1] = settlement.index
  end
  settlements[i] = settlement
end
for group, own in pairs(indices) do entries[group] = entriesAt(group, own) end

for i, settlement in ipairs(settlements) do
  local id, group, index = settlement.id, settlement.group, settlement.index
  callerOf(settlement.token)
  local entry = promoted[id] and '@' or (group and entries[group][index])
  if entry and isOpenEntry(entry) and not settlement.plain and batchOf(group, string.sub(entry, 2)).token == settlement.token then
    promote(id)
    entry = '@'
  end
  if not entry or entry == '@' then answers[i] = settleRecord(id, settlement)
  else
    answers[i] = settleEntry(id, group, index, entry, settlement)
    -- the same once more in this call finds it ended
    if isOpenEntry(entry) and answers[i] == 'settled' then entries[group][index] = 'x' .. string.sub(entry, 2) end
  end
end
local taken = take(time)
publishNews()
return { answers, taken, newsOfCaller(), mailTo }
