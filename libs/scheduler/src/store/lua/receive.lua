#!lua flags=no-writes
--[[ receive: inbox events of claimed tasks. Reads only.
  KEYS prefix    ARGV count, then id token known for each    Returns {{'committed', events} | {'fenced'} |
  {'behind'}, ...}
  Cost O(tasks + new events) ]]
--# include keys news members inbox
local answers = {}
local function tokenOf(id)
  local token = call('HGET', key('task', id), 'token')
  local group, index = memberOf(id)
  if token or not group then return token end
  local entry = call('HGET', key('entries', group), index)
  return entry and string.byte(entry) == 42 and batchOf(group, string.sub(entry, 2)).token
end

for i = 1, count() do
  local id, token, known = arg(), arg(), arg()
  if tokenOf(id) ~= token then answers[i] = { 'fenced' }
  elseif isBehind(id, known) then answers[i] = { 'behind' }
  else answers[i] = { 'committed', eventsFrom(id, known) } end
end
return answers
