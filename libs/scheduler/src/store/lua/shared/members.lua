-- Members of gathers (adr/0010). A member is a row in the `backlog` of its group, which keeps it, and from its claim on an
-- entry of `entries`, by its index:
--   *<batch>                             claimed, with all that were claimed in one call; `batches` knows their token
--   <s|f|c><batch>\n<ms>\n<payload>      ended, so many ms after the group was made; with a capital letter when it has children,
--                                         which had ended before (adr/0019)
--   @                                    a record like any other task (promote.lua)
-- Without an entry it waits: before `popped` handed out, from there on in its turn.

-- Group and number of a member; nil for another id. The number has one spelling: x.01 is nobody.
local function memberOf(id)
  local index = string.match(id, '^%.(%d+)$', 42)
  if index == nil or (#index > 1 and string.byte(index) == 48) then return nil end
  return string.sub(id, 1, 41), tonumber(index)
end

local function rowOf(group, index)
  local row = call('LINDEX', key('backlog', group), index)
  return string.match(row, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$') -- coroutine, priority, options, args
end

-- Token and time of a claim that brought members of the group, and their coroutine when they have one in common.
local batches = {}
local function batchOf(group, number)
  local name = group .. number
  local batch = batches[name]
  if not batch then
    local token, started, coroutine = string.match(call('HGET', key('batches', group), number), '^([^\n]*)\n(%d+)\n(.*)$')
    batch = { token = token, started = started, coroutine = coroutine }
    batches[name] = batch
  end
  return batch
end

-- Under which token a member that is no record was claimed, and whether it runs.
local function claimOfEntry(id)
  local group, index = memberOf(id)
  local entry = group and call('HGET', key('entries', group), index)
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

-- Entries of many members, in the order of their indices; false for one that has none.
local function entriesAt(group, indices)
  local entries, number = {}, 0
  for first = 1, #indices, 1000 do
    local some = call('HMGET', key('entries', group), unpack(indices, first, math.min(first + 999, #indices)))
    if first == 1 and #indices <= 1000 then return some end
    for i = 1, #some do
      number = number + 1
      entries[number] = some[i]
    end
  end
  return entries
end

-- An index as text. Of those that follow each other each costs a seventh of what spelling it does.
local digits, tens, before = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' }, nil, nil
local function spellIndex(index)
  local last = index % 10
  if index - last ~= tens then
    tens = index - last
    before = tens == 0 and '' or string.format('%d', tens / 10)
  end
  return before .. digits[last + 1]
end

-- Of the members from ... to, both included, by index.
local function entriesOf(group, from, to)
  local entries, indices = {}, {}
  for index = from, to do indices[index - from + 1] = spellIndex(index) end
  local some = entriesAt(group, indices)
  for i = 1, #some do entries[from + i - 1] = some[i] end
  return entries
end

-- Many texts as few, with NUL between. No longer than one buffer of Lua's: what grows beyond it is hashed again and again.
local longest = 7000
local function newTexts() return { done = {}, some = {}, number = 0, length = 0 } end
local function addText(texts, text)
  local number = texts.number + 1
  texts.some[number], texts.number, texts.length = text, number, texts.length + #text
  if texts.length > longest then
    texts.done[#texts.done + 1] = table.concat(texts.some, '\0')
    texts.some, texts.number, texts.length = {}, 0, 0
  end
end
local function textsIn(text)
  local texts, number, first = {}, 0, 1
  while first do
    local stop = string.find(text, '\0', first, true)
    number = number + 1
    texts[number] = string.sub(text, first, stop and stop - 1 or -1)
    first = stop and stop + 1
  end
  return texts
end
local function allTexts(texts)
  if texts.number > 0 then texts.done[#texts.done + 1] = table.concat(texts.some, '\0') end
  return texts.done
end

-- State and payload of a task that has ended, else nil.
local function outcomeOf(id)
  local state, payload, finished = unpack(call('HMGET', key('task', id), 'state', 'payload', 'finished'))
  if state then return finished and state or nil, payload end
  local group, index = memberOf(id)
  if not group then return nil end
  local ended, _, _, told = endOf(call('HGET', key('entries', group), index) or nil)
  if ended then return ended, told end
  local dropped, droppedPayload = unpack(call('HMGET', key('group', group), 'dropped', 'droppedPayload'))
  if dropped and index >= tonumber(dropped) and not call('HGET', key('entries', group), index) then
    return 'cancelled', droppedPayload
  end
end

-- {ends, size, created, decided, now} of a group: ends of members as texts, with NUL between
-- <s|f|c|S|F|C><anything>\n<anything>\n<payload>, or nothing for one that has not ended; not many more than `most` bytes, and how
-- many.
local function endsOf(group, from, wanted, most)
  local size, dropped, droppedPayload, created, decided =
    unpack(call('HMGET', key('group', group), 'size', 'dropped', 'droppedPayload', 'created', 'decidedAt'))
  local last = math.min(from + wanted, tonumber(size or 0)) - 1
  local entries, ends, bytes = entriesOf(group, from, last), newTexts(), 0
  dropped = tonumber(dropped or size)
  for index = from, last do
    local entry = entries[index]
    if entry == '@' then
      local state, payload = outcomeOf(group .. '.' .. string.format('%d', index))
      entry = state and string.sub(state, 1, 1) .. '\n\n' .. payload or ''
    elseif not entry and index >= dropped then entry = 'c\n\n' .. droppedPayload
    elseif isOpenEntry(entry) then entry = '' end
    addText(ends, entry)
    bytes = bytes + #entry
    if bytes > most then break end
  end
  return { allTexts(ends), size or 0, created or 0, decided or 0, now() }, bytes
end
