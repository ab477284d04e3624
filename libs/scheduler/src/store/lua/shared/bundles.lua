-- Bundles (adr/0024): roots that came together, and of which nothing special was asked, are kept together as the members of a
-- gather are, in a group without a parent. Its id is how their ids begin; the last three characters are the index.
--   left     members that have neither ended nor left
--   place    of all its members in `ready`, where g<bundle> stands for those that were not handed out
-- A member of which more is to be kept than that it waits, runs or has ended leaves: it becomes a record (promote.lua), and a
-- root like any other. `roots` has <bundle>+<size> for all, and `expiring` g<bundle> since the last of them has ended or left.
-- The count `bundled`: how many roots there are more than entries of `roots`.
local function entryOfRoots(bundle, size) return bundle .. '+' .. spell(size) end

local function newBundle(bundle, size, ttl, client, rows, place, time)
  callWithAll('RPUSH', key('backlog', bundle), rows)
  local at = spell(size)
  call('HSET', key('group', bundle), 'size', at, 'left', at, 'popped', '0', 'inflight', '0', 'entries', '0', 'limit', '0', 'decided', '1',
    'created', spell(time), 'ttl', ttl, 'place', place)
  if client ~= '' then call('HSET', key('group', bundle), 'client', client) end
  moved(nil, 'pending', size)
  add('bundled', size - 1)
end

local function bundleIsOver(bundle, known)
  scored(prefix .. 'expiring', spell(now() + tonumber(known.ttl)), 'g' .. bundle)
  if known.popped < known.size then call('ZREM', prefix .. 'ready', 'g' .. bundle) end
end

local function leaveBundle(bundle, id, index, known)
  known.left = known.left - 1
  put(known.key, 'left', known.left)
  if index < known.popped then
    known.entries, known.inflight = known.entries - 1, known.inflight - 1
    put(known.key, 'entries', known.entries)
    put(known.key, 'inflight', known.inflight)
    put(key('entries', bundle), spell(index), '@')
  else -- its row is skipped when its turn comes
    call('HSET', key('entries', bundle), index, '@')
    call('HSET', known.key, 'skipped', 1)
    known.skipped = true
    call('ZADD', prefix .. 'ready', known.place, id)
  end
  call('ZADD', prefix .. 'roots', '0', id)
  add('bundled', -1)
  if known.left == 0 then bundleIsOver(bundle, known) end
end

-- What a record of a member has besides.
local function fieldsOfRoot(known)
  local fields = {}
  if known.ttl ~= '86400000' then append(fields, 'ttl', known.ttl) end
  if known.client then append(fields, 'client', known.client) end
  if known.watched then append(fields, 'watched', known.watched) end
  return fields
end
