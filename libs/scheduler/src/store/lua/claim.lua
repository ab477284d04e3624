#!lua flags=allow-oom
--[[ claim: pending tasks become running under a new token.
  Keeps T2 (new token), T3, T4, D2 (what is claimed or settled is left out), I1. The same session and nonce get the same
  claims again.
  KEYS prefix    ARGV session nonce max bytes; count, then group n indices, or '' n ids for each; channel
  Returns {{claim, ...}, {members, ...}, first runs (claims.lua), hints}; claim = {id, token, coroutine, args, options, attempt,
  parent, created, started, commits, logged, failures, first operation, begun, time, history, events}; members = {group, token, parent,
  created, started, time, index of the first, {'row NUL row ...', ...}} of members of a gather that follow each other
  Cost O(claimed + size of their histories) ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree suspects least-whole claims claim-members
claimAs(now())
for _ = 1, count() do
  local group, n = arg(), count()
  if group ~= '' then
    local indices = {}
    for i = 1, n do indices[i] = arg() end
    claimMembers(group, indices)
  else
    for _ = 1, n do
      local id = arg()
      writeMembers()
      if once(id) then claimRecord(id) end
    end
  end
end
writeClaims()
local toldOf = string.match(call('HGET', key('session', session), 'direct') or '', ' (.*)$')
if seen[toldOf or ''] then call('HDEL', key('session', session), 'direct') end -- it hears, and is told of more (direct.lua)
local hinted_now = take(time)
publishNews()
return { claims, memberClaims, firstClaims(), hinted_now }
