-- What many tasks of one call do to the same key: summed up, and written once, when the script takes hints at its end.
-- Whoever reads such a key before calls `written` first.
local sums, leaving = {}, {}
local function addTo(hash, field, n)
  local fields = sums[hash]
  if not fields then
    fields = {}
    sums[hash] = fields
  end
  fields[field] = (fields[field] or 0) + n
end
local function leave(set, member)
  local members = leaving[set]
  if not members then
    members = {}
    leaving[set] = members
  end
  members[#members + 1] = member
end
local function written(name)
  for field, n in pairs(sums[name] or {}) do
    if n ~= 0 then call('HINCRBY', name, field, n) end
  end
  sums[name] = nil
  local members = leaving[name] or {}
  for from = 1, #members, 1000 do call('SREM', name, unpack(members, from, math.min(from + 999, #members))) end
  leaving[name] = nil
end
local function writeAll()
  for name in pairs(sums) do written(name) end
  for name in pairs(leaving) do written(name) end
end
