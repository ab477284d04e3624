-- How a gather begins: its group, and the rows of its members, which wait in `backlog` (members.lua).

-- What a task begins for its cleanup, after its root has ended, is not part of the present end of the tree.
local function liveKey(root) return key(isEnding(root) and 'later' or 'live', root) end

-- Tasks of a tree are numbered in the order of their creation. The number of the first of `n`.
local spawned
atStart(function() spawned = {} end)
local function numbers(root, n)
  local first = (spawned[root] or tonumber(call('HGET', key('task', root), 'spawned') or 0)) + 1
  spawned[root] = first + n - 1
  put(key('task', root), 'spawned', spawned[root])
  return first
end

-- The first members, which have begun at their parent's worker and perhaps ended (adr/0019). Their counts are the caller's.
local function writeBegun(asked, time)
  local results, entries, common = asked.results, {}, nil
  for i = 1, #results + asked.running do
    local index, coroutine = spellIndex(i - 1), string.match(asked.rows[asked.first + i - 1], '^[^\n]*')
    if coroutine ~= common then common = common and '' or coroutine end
    entries[2 * i - 1] = index
    if i > #results then
      entries[2 * i] = '*1'
      join(key('claims', sessionOf(asked.token)), asked.id .. '.' .. index)
    else
      entries[2 * i] = 's1\n0\n' .. results[i]
      ended('succeeded', coroutine, 1)
    end
  end
  callWithAll('HSET', key('entries', asked.id), entries)
  call('HSET', key('batches', asked.id), '1', asked.token .. '\n' .. spell(time) .. '\n' .. common)
end

-- `asked`: id, op, returnExceptions, limit; `rows` holds those of its members from `first` to `last`; `token`, `running` and
-- `results` of those that have begun ('': none). `before`: so many members were sent ahead. `recorded`: its parent is a record.
local function newGather(parent, root, asked, before, recorded, time)
  local id, size, running, results = asked.id, before + asked.last - asked.first + 1, 0, 0
  for first = asked.first, asked.last, 1000 do
    call('RPUSH', key('backlog', id), unpack(asked.rows, first, math.min(first + 999, asked.last)))
  end
  if size == 0 then
    deliver(parent, asked.op .. '\ngroup\n')
    return id
  end
  if asked.token ~= '' then
    writeBegun(asked, time)
    running, results = asked.running, #asked.results
  end
  local at, through, left = spell(time), spell(running + results), size - results
  local fields = { 'parent', parent, 'op', asked.op, 'size', spell(size), 'popped', through, 'inflight', spell(running), 'left',
    spell(left), 'entries', spell(running), 'limit', asked.limit, 'returnExceptions', asked.returnExceptions, 'seq',
    spell(numbers(root, size)), 'created', at, 'decided', left == 0 and '1' or '0' }
  if asked.token ~= '' then append(fields, 'batch', '1') end
  if left == 0 then append(fields, 'decidedAt', at) end
  call('HSET', key('group', id), unpack(fields))
  call('RPUSH', key('children', parent), id .. ':' .. spell(size))
  if recorded then
    addTo(key('task', parent), 'total', size)
    addTo(key('task', parent), 'pending', left - running)
    addTo(key('task', parent), 'running', running)
    addTo(key('task', parent), 'succeeded', results)
  end
  moved(nil, 'pending', left - running)
  moved(nil, 'running', running)
  add('created', results)
  if left == 0 then return id end
  call('SADD', liveKey(root), 'g' .. id)
  add('gathers', 1)
  if running < left and (running == 0 or asked.limit == '0' or running < tonumber(asked.limit)) then makeGroupReady(id) end
  return id
end
