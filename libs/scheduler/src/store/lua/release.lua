#!lua flags=allow-oom
--[[ release: claimed tasks go back to ready, and no attempt is counted. With no ids: a page of all of them, and when
  none is left the session ends.
  Keeps T2, T3, T4. KEYS prefix    ARGV session, count, ids; channel    Returns {more, hints}    Cost O(ids) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote ready take sessions revive
local session, time = arg(), now()
local ids, all = {}, false
for i = 1, count() do ids[i] = arg() end
if #ids == 0 then
  all = true
  for _, claim in ipairs(call('SRANDMEMBER', key('claims', session), 500)) do
    if #ids >= 500 then break end
    append(ids, unpack(idsOfClaim(claim)))
  end
end
for _, id in ipairs(ids) do revive(id, session, -1, time) end
written(key('session', session))
local more = all and call('EXISTS', key('claims', session)) or 0
if all and more == 0 then
  stopServing(session)
  rests(session, 0)
  call('ZREM', sessions, session)
  call('DEL', key('session', session))
  recount()
end
return { more, take(time) }
