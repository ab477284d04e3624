-- Tasks by state, and what has ended how, by coroutine (T5). A name that no worker ever had is counted as _OTHER: callers choose it, so there is no end of them.
local counts, nameOf
atStart(function() counts, nameOf = prefix .. 'counts', {} end)
local function add(what, n) addTo(counts, what, n) end
-- `from` nil: it is created; `to` nil: it has ended.
local function moved(from, to, n)
  if from then add(from, -n) else add('created', n) end
  if to then add(to, n) end
end
local function ended(state, coroutine, n)
  if not nameOf[coroutine] then
    nameOf[coroutine] = call('SISMEMBER', prefix .. 'names', coroutine) == 1 and coroutine or '_OTHER'
  end
  add(state .. ' ' .. nameOf[coroutine], n)
end
-- T4: a parent counts its children by state; one that is suspended is running.
local function childMoved(parent, from, to, n)
  if not parent then return end
  addTo(key('task', parent), from, -n)
  addTo(key('task', parent), to, n)
end

-- A new record, pending when no `state` is given; `more`: fields and values besides. What most tasks have alike is not
-- written: a queued task took 670 bytes with it, and 638 without.
local function create(id, coroutine, args, options, priority, created, more, state)
  if options ~= '{}' then append(more, 'options', options) end
  if priority ~= '0' then append(more, 'priority', priority) end
  call('HSET', key('task', id), 'coroutine', coroutine, 'args', args, 'state', state or 'pending', 'created', spell(created),
    unpack(more))
end
