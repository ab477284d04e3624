-- How whole batches begin and are taken apart (batches.lua); they end in settle.lua.

local function claimOfWhole(group, whole) return group .. '+' .. whole.text end

-- Its number.
local function newBatch(group, token, started, coroutine)
  local known = groupOf(group)
  known.batch = known.batch + 1
  put(known.key, 'batch', known.batch)
  local number = spell(known.batch)
  call('HSET', key('batches', group), number, token .. '\n' .. started .. '\n' .. coroutine)
  return number
end

-- The field `batched` of a session: how many more its claims stand for than they are.
local function claimWhole(group, number, first, last, session)
  local text = number .. ' ' .. spell(first) .. ' ' .. spell(last)
  local whole = { number = number, first = first, last = last, text = text }
  call('ZADD', key('whole', group), spell(first), whole.text)
  call('SADD', key('claims', session), claimOfWhole(group, whole))
  addTo(key('session', session), 'batched', last - first)
  return whole
end

local function unclaimWhole(group, whole, session)
  call('ZREM', key('whole', group), whole.text)
  call('SREM', key('claims', session), claimOfWhole(group, whole))
  addTo(key('session', session), 'batched', whole.first - whole.last)
end

-- Some of its members, which follow each other, are a whole batch of their own from now on, and so are those before and after
-- them. Answers the one in the middle.
local function cut(group, whole, first, last)
  local batch = batchOf(group, whole.number)
  local session, number = sessionOf(batch.token), whole.number
  local function part(from, to)
    if from > to then return nil end
    local own = claimWhole(group, number or newBatch(group, batch.token, batch.started, batch.coroutine), from, to, session)
    number = nil
    return own
  end
  unclaimWhole(group, whole, session)
  part(whole.first, first - 1)
  local middle = part(first, last)
  part(last + 1, whole.last)
  return middle
end

-- From now on each of its members is an entry and a claim of its own. Those that come next in the gather will be alike: they
-- are not claimed as one any more.
local function takeApart(group, whole)
  groupOf(group).apart = true
  local session, entries, ids = sessionOf(batchOf(group, whole.number).token), {}, {}
  for index = whole.first, whole.last do
    local text = spellIndex(index)
    entries[#entries + 1] = text
    entries[#entries + 1] = '*' .. whole.number
    ids[#ids + 1] = memberId(group, text)
  end
  call('HSET', key('group', group), 'apart', 1)
  unclaimWhole(group, whole, session)
  callWithAll('HSET', key('entries', group), entries)
  callWithAll('SADD', key('claims', session), ids)
end

-- The member is about to change: what it runs in must not be whole. `number`: of its batch. Asked once a call for each batch.
local apart
atStart(function() apart = {} end)
local function takeApartAt(group, index, number)
  local name = group .. number
  if apart[name] then return end
  apart[name] = true
  local whole = wholeAt(group, index)
  if whole then takeApart(group, whole) end
end

-- The ids that a claim stands for, each a claim of its own from now on.
local function idsOfClaim(claim)
  local group, text = string.match(claim, '^(.*)%+(.*)$')
  if not group then return { claim } end
  local number, first, last = string.match(text, '^(%d+) (%d+) (%d+)$')
  takeApart(group, { number = number, first = tonumber(first), last = tonumber(last), text = text })
  local ids = {}
  for index = tonumber(first), tonumber(last) do ids[#ids + 1] = memberId(group, index) end
  return ids
end
