#!lua flags=no-writes
--[[ held: what a session has claimed, if that is more than it knows of. Reads only.
  KEYS prefix    ARGV session known    Returns {id, ...}    Cost O(1), or O(claimed) ]]
--# include keys texts batches members
local session, known = arg(), count()
if claimedBy(session) <= known then return {} end
local ids = {}
for _, claim in ipairs(call('SMEMBERS', key('claims', session))) do
  local group, first, last = string.match(claim, '^(.*)%+%d+ (%d+) (%d+)$')
  if not group then ids[#ids + 1] = claim
  else for index = first, last do ids[#ids + 1] = memberId(group, tonumber(index)) end end
end
return ids
