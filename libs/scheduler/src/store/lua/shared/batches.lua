-- Batches: claims that brought members of a gather, by their numbers.
-- Most members of a large gather are claimed together, follow each other, have one coroutine, and end well and together. A batch of
-- them is whole (adr/0020): none of its members has an entry or a claim of its own. In `whole` of the group it is
-- <batch> <first> <last>, scored by the first index, and in `claims` of its session <group>+<batch> <first> <last>. When it has
-- ended `batches` tells when, and `outcomes` the results. What happens to one of the members alone takes it apart first (whole.lua).

-- Token and time of a claim, the coroutine of its members when they have one in common, and, of a whole batch that has ended,
-- how many ms after the group was made.
local batches
atStart(function() batches = {} end)
local function batchOf(group, number)
  local name = group .. number
  local batch = batches[name]
  if not batch then
    local token, started, coroutine, ms =
      string.match(call('HGET', key('batches', group), number), '^([^\n]*)\n(%d+)\n([^\n]*)\n?(%d*)$')
    batch = { token = token, started = started, coroutine = coroutine, ended = ms ~= '' and ms or nil }
    batches[name] = batch
  end
  return batch
end

-- The whole batch that has the member: {number, first, last, text}; nil when there is none.
local function wholeAt(group, index)
  local score = type(index) == 'number' and spell(index) or index
  local text = call('ZREVRANGEBYSCORE', key('whole', group), score, '-inf', 'LIMIT', 0, 1)[1]
  if not text then return nil end
  local number, first, last = string.match(text, '^(%d+) (%d+) (%d+)$')
  if tonumber(last) < tonumber(index) then return nil end
  return { number = number, first = tonumber(first), last = tonumber(last), text = text }
end

-- As `wholeAt`, for many members, each after the one before at best: what is known of one holds up to an index, which is told too.
local function wholes(group)
  local from, to, whole = 0, -1, nil
  return function(index)
    if index < from or index > to then
      whole = wholeAt(group, index)
      if whole then from, to = whole.first, whole.last
      else
        local after = call('ZRANGEBYSCORE', key('whole', group), '(' .. index, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
        from, to = index, after and tonumber(after) - 1 or math.huge
      end
    end
    return whole, to
  end
end

-- As an entry would tell it (members.lua), but for the payload.
local function entryInWhole(group, whole)
  local ended = batchOf(group, whole.number).ended
  return ended and 's' .. whole.number .. '\n' .. ended .. '\n' or '*' .. whole.number
end

-- In one text, with NUL between.
local function resultsOf(group, whole) return call('HGET', key('outcomes', group), whole.number) end

-- Of one member. When more of a batch are asked for, they are so one after the other.
local lastBatch, lastText, lastResults
atStart(function() lastBatch, lastText, lastResults = nil, nil, nil end)
local function resultAt(group, whole, index)
  local name, place = group .. whole.number, tonumber(index) - whole.first + 1
  if lastBatch ~= name then
    lastBatch, lastText, lastResults = name, resultsOf(group, whole), nil
    return textAt(lastText, place)
  end
  lastResults = lastResults or textsIn(lastText)
  return lastResults[place]
end

-- Entry of a member, false when it has none.
local function entryAt(group, index)
  local entry = call('HGET', key('entries', group), index)
  local whole = not entry and wholeAt(group, index)
  if not whole then return entry end
  entry = entryInWhole(group, whole)
  if string.byte(entry) == 42 then return entry end
  return entry .. resultAt(group, whole, index)
end

-- How many tasks a session has claimed: more than its claims are, by its field `batched`.
local function claimedBy(session, batched)
  return call('SCARD', key('claims', session)) + tonumber(batched or call('HGET', key('session', session), 'batched') or 0)
end
