-- Members of gathers (adr/0010) and of bundles. A member is a row in the `backlog` of its group, which keeps it, and from its
-- claim on an entry of `entries`, by its index, or in a whole batch, which is as good as one (batches.lua):
--   *<batch>                             claimed, with all that were claimed in one call; `batches` knows their token
--   <s|f|c><batch>\n<ms>\n<payload>      ended, so many ms after the group was made; with a capital letter when it has children,
--                                         which had ended before (adr/0019)
--   @                                    a record like any other task (promote.lua)
-- Without an entry it waits: before `popped` handed out, from there on in its turn.

-- An index as text. Of those that follow each other, in one call or the next, each costs a seventh of what spelling it does.
local digits, tens, before = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' }, nil, nil
local function spellIndex(index)
  local last = index % 10
  if index - last ~= tens then
    tens = index - last
    before = tens == 0 and '' or string.format('%d', tens / 10)
  end
  return before .. digits[last + 1]
end

-- A bundle (bundles.lua): a group whose members are roots.
local function isBundle(group) return #group == 25 end

-- `index`: a number, or its text.
local function memberId(group, index)
  if type(index) == 'number' then index = spellIndex(index) end
  if not isBundle(group) then return group .. '.' .. index end
  return group .. string.sub('00', #index) .. index
end

-- Group and number of a member; nil for another id. The number has one spelling: x.01 is nobody.
local function memberOf(id)
  if #id == 28 then
    if string.byte(id, 25) ~= 85 then return nil end
    return string.sub(id, 1, 25), tonumber(string.sub(id, 26))
  end
  local index = string.match(id, '^%.(%d+)$', 42)
  if index == nil or (#index > 1 and string.byte(index) == 48) then return nil end
  return string.sub(id, 1, 41), tonumber(index)
end

local function rowOf(group, index)
  local row = call('LINDEX', key('backlog', group), index)
  return string.match(row, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$') -- coroutine, priority, options, args
end

-- Under which token a member that is no record was claimed, and whether it runs.
local function claimOfEntry(id)
  local group, index = memberOf(id)
  local entry = group and entryAt(group, index)
  local number = entry and string.match(entry, '^.(%d+)')
  if number then return batchOf(group, number).token, string.byte(entry) == 42 end
end

local words = { s = 'succeeded', f = 'failed', c = 'cancelled', S = 'succeeded', F = 'failed', C = 'cancelled' }
local function isOpenEntry(entry) return not entry or string.byte(entry) == 42 end
-- State, batch, ms after the group was made, payload; nil for an entry that tells no end.
local function endOf(entry)
  local letter, batch, ms, payload = string.match(entry or '', '^([sfcSFC])(%d+)\n(%d+)\n(.*)$')
  return words[letter], batch, ms, payload
end

local function endWithChildren(state, batch, ms, payload)
  return string.upper(string.sub(state, 1, 1)) .. batch .. '\n' .. spell(ms) .. '\n' .. payload
end
local function hasChildren(entry) return string.find(entry or '', '^[SFC]') ~= nil end

-- Entries of many members, in the order of their indices; false for one that has none. Those of whole batches tell no payload.
local function entriesAt(group, indices)
  local entries, wholeOf = {}, wholes(group)
  for first = 1, #indices, 1000 do
    local some = call('HMGET', key('entries', group), unpack(indices, first, math.min(first + 999, #indices)))
    for i = 1, #some do
      local whole = not some[i] and wholeOf(tonumber(indices[first + i - 1]))
      entries[first + i - 1] = whole and entryInWhole(group, whole) or some[i]
    end
  end
  return entries
end

-- Of the members from ... to, both included, by index.
local function entriesOf(group, from, to)
  local entries, indices = {}, {}
  for index = from, to do indices[index - from + 1] = spellIndex(index) end
  local some = entriesAt(group, indices)
  for i = 1, #some do entries[from + i - 1] = some[i] end
  return entries
end

-- State and payload of a task that has ended, else nil.
local function outcomeOf(id)
  local state, payload, finished = unpack(call('HMGET', key('task', id), 'state', 'payload', 'finished'))
  if state then return finished and state or nil, payload end
  local group, index = memberOf(id)
  if not group then return nil end
  local entry = entryAt(group, index)
  local ended, _, _, told = endOf(entry)
  if ended then return ended, told end
  local dropped, droppedPayload = unpack(call('HMGET', key('group', group), 'dropped', 'droppedPayload'))
  if dropped and index >= tonumber(dropped) and not entry then return 'cancelled', droppedPayload end
end

-- {ends, size, created, decided, now} of a group: ends of members as texts, with NUL between
-- <s|f|c|S|F|C><anything>\n<anything>\n<payload>, or nothing for one that has not ended; after a text that is = the next
-- is results of members that have all succeeded. Not many more than `most` bytes, and how many.
local function endsOf(group, from, wanted, most)
  local size, dropped, droppedPayload, created, decided =
    unpack(call('HMGET', key('group', group), 'size', 'dropped', 'droppedPayload', 'created', 'decidedAt'))
  local last = math.min(from + wanted, tonumber(size or 0)) - 1
  local ends, bytes, wholeOf, index = newTexts(), 0, wholes(group), from
  dropped = tonumber(dropped or size)
  local function addEnd(end_)
    addText(ends, end_)
    bytes = bytes + #end_
  end
  local function addEntries(to)
    local entries = entriesOf(group, index, to)
    for each = index, to do
      local entry = entries[each]
      if entry == '@' then
        local state, payload = outcomeOf(memberId(group, each))
        entry = state and string.sub(state, 1, 1) .. '\n\n' .. payload or ''
      elseif not entry and each >= dropped then entry = 'c\n\n' .. droppedPayload
      elseif isOpenEntry(entry) then entry = '' end
      addEnd(entry)
      if bytes > most then break end
    end
  end
  while index <= last and bytes <= most do
    local whole, to = wholeOf(index)
    to = math.min(to, last)
    if not whole or not batchOf(group, whole.number).ended then addEntries(to)
    elseif index == whole.first and to == whole.last then
      local results = resultsOf(group, whole)
      allTexts(ends)
      ends.done[#ends.done + 1] = '='
      ends.done[#ends.done + 1] = results
      bytes = bytes + #results
    else
      for each = index, to do addEnd('s\n\n' .. resultAt(group, whole, each)) end
    end
    index = to + 1
  end
  return { allTexts(ends), size or 0, created or 0, decided or 0, now() }, bytes
end
