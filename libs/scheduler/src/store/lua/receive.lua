#!lua flags=no-writes
--[[ receive: inbox events of claimed tasks. Reads only.
  KEYS prefix    ARGV count, then id token known commits for each    Returns {{'committed', events} | {'fenced'} |
  {'behind'}, ...}
  Cost O(tasks + new events) ]]
--# include keys news texts batches members inbox
local answers = {}
-- The token that is current, and how many turns have been recorded.
local function claimOf(id)
  local token, commits = unpack(call('HMGET', key('task', id), 'token', 'commits'))
  local tokenOfEntry, runs = claimOfEntry(id)
  return token or (runs and tokenOfEntry), tonumber(commits or 0)
end

for i = 1, count() do
  local id, token, known, acknowledged = arg(), arg(), arg(), count()
  local current, commits = claimOf(id)
  if current ~= token then answers[i] = { 'fenced' }
  elseif commits < acknowledged or isBehind(id, known) then answers[i] = { 'behind' }
  else answers[i] = { 'committed', eventsFrom(id, known) } end
end
return answers
