#!lua
--[[ submit: creates root tasks and makes them ready.
  Keeps I3 (record and place in `ready` in one step), T2, T3, T5. A root that exists already is left alone (re-sent).
  What a worker with room is told of directly is not among the hints; it may have been claimed for it (direct.lua).
  KEYS prefix    ARGV client ('' when it does not listen), '1' when this is the only partition, count, then
  id coroutine args options '' for each, or 'more' priority limits resultTtlMs idempotencyKey
  fingerprint in place of ''; count, then id count ttl 'row NUL row ...' for each bundle; channel
  Returns {{'' | existing id | 'conflict', ...}, time, hints}    Cost O(roots x log ready) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote ready take timers start-by sessions direct
local time, answers, client, alone, roots, places, given, keys = now(), {}, arg(), arg() == '1', {}, {}, {}, {}
for i = 1, count() do
  local root = { id = arg(), coroutine = arg(), args = arg(), options = arg(), priority = '0', limits = '', ttl = '86400000', name = '' }
  if arg() == 'more' then root.priority, root.limits, root.ttl, root.name, root.fingerprint = arg(), arg(), arg(), arg(), arg() end
  given[i], keys[i] = root, key('task', root.id)
end
local someExist, created = #keys > 0 and call('EXISTS', unpack(keys)) > 0, {}
for i, root in ipairs(given) do
  local id, ttl, name, fingerprint = root.id, root.ttl, root.name, root.fingerprint
  answers[i] = ''
  local known = name ~= '' and call('GET', key('idempotency', name))
  local existing, before, expires = string.match(known or '', '^([^\n]*)\n([^\n]*)\n(.*)$')
  if existing and tonumber(expires) > time then
    if before ~= fingerprint then answers[i] = 'conflict'
    elseif existing ~= id then answers[i] = existing end
  elseif not created[id] and not (someExist and call('EXISTS', keys[i]) == 1) then
    created[id] = true
    local more = {}
    if ttl ~= '86400000' then append(more, 'ttl', ttl) end
    if client ~= '' then append(more, 'client', client) end
    if name ~= '' then
      call('SET', key('idempotency', name), id .. '\n' .. fingerprint .. '\n' .. (time + 86400000), 'EX', 86400)
      append(more, 'idempotency', name)
    end
    create(id, root.coroutine, root.args, root.options, root.priority, time, more)
    mustStart(id, root.limits, time)
    moved(nil, 'pending', 1)
    roots[#roots + 1], roots[#roots + 2] = '0', id
    places[#places + 1], places[#places + 2] = placeOf(virtual(), root.priority), id
  end
end
for _ = 1, count() do
  local bundle, size, ttl, rows = arg(), count(), arg(), arg()
  if call('EXISTS', key('group', bundle)) == 0 then
    local place = placeOf(virtual(), '0')
    newBundle(bundle, size, ttl, client, textsIn(rows), place, time)
    roots[#roots + 1], roots[#roots + 2] = '0', entryOfRoots(bundle, size)
    places[#places + 1], places[#places + 2] = place, 'g' .. bundle
  end
end
callWithAll('ZADD', prefix .. 'roots', roots)
callWithAll('ZADD', ready, places)
return { answers, time, direct(take(time), alone, time) }
