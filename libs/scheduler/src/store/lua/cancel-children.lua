#!lua flags=allow-oom
--[[ cancel-children: cancels a page of what a task has created, and drops backlogs of gathers on the way.
  Keeps T1, T3, T4. Each task hears of it once, also when the page is sent again.
  KEYS prefix    ARGV parent message event, entry of `children` and member to begin with; channel
  Returns {ids that have created tasks themselves, next entry or -1, next member, hints}    Cost O(page), about 200 tasks ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree
local parent, message, event, entry, member = arg(), arg(), arg(), count(), count()
local time, parents, left = now(), {}, 200

local function visit(id)
  local finished, total = unpack(call('HMGET', key('task', id), 'finished', 'total'))
  if not finished then cancelOnce(id, message, event, time) end
  if total then parents[#parents + 1] = id end
  left = left - 1
end

local function visitMembers(group)
  dropBacklog(group, message, time)
  local size, dropped = unpack(call('HMGET', key('group', group), 'size', 'dropped'))
  local dispatched = tonumber(dropped or size)
  while member < dispatched and left > 0 do
    visit(group .. '.' .. member)
    member = member + 1
  end
  if member < dispatched then return false end
  member = 0
  return true
end

for _, child in ipairs(call('LRANGE', key('children', parent), entry, entry + left - 1)) do
  local group = string.match(child, '^(.*):%d+$')
  if group == nil then visit(child)
  elseif not visitMembers(group) then break end
  entry = entry + 1
  if left == 0 then break end
end
if entry >= call('LLEN', key('children', parent)) then entry = -1 end
local taken = take(time)
publishNews()
return { parents, entry, member, taken }
