local function append(list, ...)
  for _, value in ipairs({ ... }) do list[#list + 1] = value end
end

-- What many tasks of one call do to the same key: gathered, and written once, when the script takes hints at its end.
-- Whoever reads such a key before calls `written` first.
local sums, joining, leaving, puts, scores
atStart(function() sums, joining, leaving, puts, scores = {}, {}, {}, {}, {} end)
local function gathered(kind, name)
  local known = kind[name]
  if not known then
    known = {}
    kind[name] = known
  end
  return known
end
local function addTo(hash, field, n)
  local fields = gathered(sums, hash)
  fields[field] = (fields[field] or 0) + n
end
-- Nothing joins again what it has left in the same call.
local function join(set, member)
  local members = gathered(joining, set)
  members[#members + 1] = member
end
local function leave(set, member)
  local members = gathered(leaving, set)
  members[#members + 1] = member
end
-- `value`: a whole number, or a text.
local function put(hash, field, value)
  gathered(puts, hash)[field] = type(value) == 'number' and spell(value) or value
end
local function scored(sorted, score, member)
  local row = gathered(scores, sorted)
  row[#row + 1] = score
  row[#row + 1] = member
end
-- `command` with many values, 1,000 at a time: Lua's stack holds no more than some thousands.
local function callWithAll(command, name, values)
  for from = 1, #values, 1000 do call(command, name, unpack(values, from, math.min(from + 999, #values))) end
end
local function written(name)
  if not (sums[name] or joining[name] or leaving[name] or puts[name] or scores[name]) then return end
  for field, n in pairs(sums[name] or {}) do
    if n ~= 0 then call('HINCRBY', name, field, spell(n)) end
  end
  local row = {}
  for field, value in pairs(puts[name] or {}) do
    row[#row + 1] = field
    row[#row + 1] = value
  end
  callWithAll('HSET', name, row)
  callWithAll('SADD', name, joining[name] or {})
  callWithAll('SREM', name, leaving[name] or {})
  callWithAll('ZADD', name, scores[name] or {})
  sums[name], joining[name], leaving[name], puts[name], scores[name] = nil, nil, nil, nil, nil
end
local function writeAll()
  for _, kind in ipairs({ sums, joining, leaving, puts, scores }) do
    for name in pairs(kind) do written(name) end
  end
end
