#!lua flags=no-writes
--[[ members: ends of members of groups, in order. Reads only.
  KEYS prefix    ARGV bytes, count, then group from count for each    Returns {{ends, size, created, decided, now}, ...}, for
  fewer groups than asked for when they are large, one at least; ends is one text, with NUL between
  <s|f|c><anything>\n<anything>\n<payload>, or nothing for a member that has not ended, and nil when there is none
  Cost O(members) ]]
--# include keys now news members
local mostBytes, bytes = count(), 0

local function endsOf(group, from, wanted)
  local size, dropped, droppedPayload, created, decided =
    unpack(call('HMGET', key('group', group), 'size', 'dropped', 'droppedPayload', 'created', 'decidedAt'))
  local last = math.min(from + wanted, tonumber(size or 0)) - 1
  local entries, ends = entriesOf(group, from, last), {}
  dropped = tonumber(dropped or size)
  for index = from, last do
    local entry = entries[index]
    if entry == '@' then
      local state, payload = outcomeOf(group .. '.' .. string.format('%d', index))
      entry = state and string.sub(state, 1, 1) .. '\n\n' .. payload or ''
    elseif not entry and index >= dropped then entry = 'c\n\n' .. droppedPayload
    elseif isOpenEntry(entry) then entry = '' end
    ends[#ends + 1] = entry
    bytes = bytes + #entry
    if bytes > mostBytes then break end
  end
  return { #ends > 0 and table.concat(ends, '\0'), size or 0, created or 0, decided or 0, now() }
end

local answers = {}
for i = 1, count() do
  local group, from, wanted = arg(), count(), count()
  if bytes > mostBytes then break end
  answers[i] = endsOf(group, from, wanted)
end
return answers
