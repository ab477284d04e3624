#!lua flags=no-writes
--[[ receive: inbox events of claimed tasks. Reads only.
  KEYS prefix    ARGV count, then id token known for each    Returns {{'committed', events} | {'fenced'} |
  {'behind'}, ...}
  Cost O(tasks + new events) ]]
--# include keys news inbox
local answers = {}
for i = 1, count() do
  local id, token, known = arg(), arg(), arg()
  if call('HGET', key('task', id), 'token') ~= token then answers[i] = { 'fenced' }
  elseif isBehind(id, known) then answers[i] = { 'behind' }
  else answers[i] = { 'committed', eventsFrom(id, known) } end
end
return answers
