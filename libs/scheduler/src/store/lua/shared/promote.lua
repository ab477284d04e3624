-- Whether the coroutine of a root has ended and its tree has not. Asked once a call; `conclude` alone makes it so.
local endingRoots, promoted
atStart(function() endingRoots, promoted = {}, {} end)
local function isEnding(root)
  if endingRoots[root] == nil then endingRoots[root] = call('HEXISTS', key('task', root), 'ending') == 1 end
  return endingRoots[root]
end

-- A group stands in the list of its tree for all its members that are no records, until the last of them has ended.
local function listOf(root, group)
  if not isEnding(root) then return key('live', root) end
  return call('SISMEMBER', key('live', root), 'g' .. group) == 1 and key('live', root) or key('later', root)
end

-- One that was handed out is no entry any more: it has ended, or become a record.
local function entryLeft(group, known)
  known.entries = known.entries - 1
  put(known.key, 'entries', known.entries)
  if known.entries > 0 or known.popped < known.size then return end
  local root = rootOf(group)
  leave(listOf(root, group), 'g' .. group)
end

-- Makes a record of a member, so that anything may happen to it. 'record' when it is one now, or was; 'ended' when it has
-- ended without; nil when there is no such task. One in the backlog of a gather is to end at once: nobody hands it out.
-- `entry`: of one that is claimed, as it has just been read.
local function promote(id, entry)
  local taskKey = key('task', id)
  if not entry and call('EXISTS', taskKey) == 1 then return 'record' end
  local group, index = memberOf(id)
  if group == nil then return nil end
  local known = groupOf(group)
  if not known or index >= known.size then return nil end
  entry = entry or entryAt(group, index)
  if entry == '@' then return nil end -- it has been removed
  if not isOpenEntry(entry) or (known.dropped and index >= known.dropped) then return 'ended' end
  local coroutine, priority, options, args = rowOf(group, index)
  local state, more = 'pending', nil
  if isBundle(group) then more = fieldsOfRoot(known)
  else more = { 'parent', known.parent, 'group', group, 'index', index, 'seq', known.seq + index } end
  if entry then
    local number = string.sub(entry, 2)
    local batch = batchOf(group, number)
    takeApartAt(group, index, number)
    state = 'running'
    append(more, 'attempt', '1', 'token', batch.token, 'worker', sessionOf(batch.token), 'started', batch.started)
  end
  create(id, coroutine, args, options, priority, known.created, more, state)
  promoted[id] = true
  if isBundle(group) then leaveBundle(group, id, index, known)
  elseif index < known.popped then
    put(key('entries', group), spell(index), '@')
    join(listOf(rootOf(id), group), id)
    entryLeft(group, known)
  else -- its row is skipped when its turn comes
    call('HSET', key('entries', group), index, '@')
    call('HSET', taskKey, 'undispatched', 1)
    call('HINCRBY', key('group', group), 'skipped', 1)
    known.skipped = true
  end
  return 'record'
end

-- For what concerns claimed tasks alone.
local function promoteClaimed(id)
  local group, index = memberOf(id)
  if group == nil or promoted[id] then return end
  local entry = entryAt(group, index)
  if entry and isOpenEntry(entry) then promote(id, entry) end
end
