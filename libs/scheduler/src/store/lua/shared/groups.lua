-- Groups that this call is about: read once, counted here, and put (sums.lua).
local groups
atStart(function() groups = {} end)
local function groupOf(group)
  local known = groups[group]
  if known then return known end
  local size, popped, limit, returnExceptions, decided, parent, op, left, inflight, entries, created, seq, dropped, skipped,
    batch, awaited, apart, ttl, client, watched, place = unpack(call('HMGET', key('group', group), 'size', 'popped', 'limit',
      'returnExceptions', 'decided', 'parent', 'op', 'left', 'inflight', 'entries', 'created', 'seq', 'dropped', 'skipped',
      'batch', 'awaited', 'apart', 'ttl', 'client', 'watched', 'place'))
  if not size then return nil end
  known = { size = tonumber(size), popped = tonumber(popped), limit = tonumber(limit), op = op, parent = parent,
    returnExceptions = returnExceptions == '1', decided = decided == '1', left = tonumber(left),
    inflight = tonumber(inflight), entries = tonumber(entries), created = created, seq = tonumber(seq),
    dropped = tonumber(dropped or nil), skipped = skipped, batch = tonumber(batch or 0), awaited = awaited, apart = apart,
    ttl = ttl, client = client, watched = watched, place = place,
    key = key('group', group) }
  groups[group] = known
  return known
end

-- Whoever writes a group otherwise forgets first what is known of it here.
local function groupWritten(group)
  written(key('group', group))
  written(key('entries', group))
  groups[group] = nil
end
