-- Retention: settled trees whose time is over are removed a page at a time, the root's record first, so that nobody finds
-- half a tree by it. `removal` is a stack of what is left: ids of tasks, and <group>:<n> for the first n of a gather.
local removal
atStart(function() removal = prefix .. 'removal' end)

-- A task with children comes back after them.
local function removeTask(id)
  local below = call('LPOP', key('children', id), 100)
  if below then call('RPUSH', removal, id, unpack(below))
  elseif not dropTimers(id) then call('RPUSH', removal, id)
  else
    call('UNLINK', key('task', id), key('inbox', id), key('history', id), key('logs', id), key('waiters', id),
      key('abroad', id))
    return 1
  end
  return 0
end

local function removeMembers(group, from, to)
  local removed, entries = to - from, entriesOf(group, from, to - 1)
  if from > 0 then call('RPUSH', removal, group .. ':' .. from)
  else call('UNLINK', key('group', group), key('backlog', group), key('entries', group), key('batches', group), key('whole', group),
    key('outcomes', group), key('awaited', group)) end
  for index = from, to - 1 do
    if entries[index] == '@' or hasChildren(entries[index]) then removed = removed - 1 + removeTask(group .. '.' .. index) end
  end
  return removed
end

local function removeRoot(root)
  call('ZREM', prefix .. 'expiring', root)
  call('ZREM', prefix .. 'roots', root)
  local name = call('HGET', key('task', root), 'idempotency')
  local first = name and call('GET', key('idempotency', name))
  if first and string.sub(first, 1, #root + 1) == root .. '\n' then call('DEL', key('idempotency', name)) end
  call('UNLINK', key('task', root), key('logged', root))
  call('RPUSH', removal, root)
end

-- Those of its members that have left are removed by themselves. Answers how many have not.
local function removeBundle(bundle)
  local known, removed = groupOf(bundle), 0
  local entries = entriesOf(bundle, 0, known.size - 1)
  for index = 0, known.size - 1 do if entries[index] ~= '@' then removed = removed + 1 end end
  call('ZREM', prefix .. 'expiring', 'g' .. bundle)
  call('ZREM', prefix .. 'roots', entryOfRoots(bundle, known.size))
  call('HINCRBY', counts, 'bundled', 1 - removed)
  call('UNLINK', key('group', bundle), key('backlog', bundle), key('entries', bundle), key('batches', bundle), key('whole', bundle),
    key('outcomes', bundle), key('awaited', bundle))
  return removed
end

-- How many tasks were removed, and whether there is more to do.
local function removePage(time)
  local removed, left = 0, 300
  while left > 0 do
    local entry = call('RPOP', removal)
    if entry then
      local group, size = string.match(entry, '^(.*):(%d+)$')
      local to = tonumber(size or 1)
      local from = math.max(0, to - left)
      left = left - (to - from)
      removed = removed + (group and removeMembers(group, from, to) or removeTask(entry))
    else
      local root = call('ZRANGEBYSCORE', prefix .. 'expiring', '-inf', time, 'LIMIT', 0, 1)[1]
      if not root then return removed, false end
      if string.sub(root, 1, 1) ~= 'g' then removeRoot(root)
      else
        local size = removeBundle(string.sub(root, 2))
        removed, left = removed + size, left - size
      end
    end
  end
  return removed, true
end
