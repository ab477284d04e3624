-- Group and number of a member; nil for another id. The number has one spelling: x.01 is nobody.
local function memberOf(id)
  local group, index = string.match(id, '^(.*)%.(%d+)$')
  if group == nil or string.match(index, '^0%d') then return nil end
  return group, tonumber(index)
end
