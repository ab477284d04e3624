#!lua flags=allow-oom
--[[ park: suspended tasks that nobody runs any more, until something happens to them. The race with what happens is
  decided here: a task whose inbox has more than its worker knows is not parked. With wakeMs the sweep makes it ready when
  they have passed.
  Keeps T2 (token), T3. The same call again is answered the same. KEYS prefix    ARGV count, then id token known wakeMs for each
  Returns {'parked' | 'news' | 'fenced', ...}    Cost O(tasks) ]]
--# include keys now texts batches members timers
local answers = {}
for i = 1, count() do
  local id, token, known, wakeMs = arg(), arg(), count(), arg()
  local taskKey = key('task', id)
  local current, parked, state, worker = unpack(call('HMGET', taskKey, 'token', 'parked', 'state', 'worker'))
  if parked == token then answers[i] = 'parked'
  elseif current ~= token then
    local tokenOfEntry, runs = claimOfEntry(id)
    answers[i] = (runs and tokenOfEntry == token) and 'news' or 'fenced' -- nothing is recorded yet
  elseif state ~= 'suspended' or call('LLEN', key('inbox', id)) ~= known then answers[i] = 'news'
  else
    call('SREM', key('claims', worker), id)
    call('HDEL', taskKey, 'token')
    call('HSET', taskKey, 'parked', token, 'known', known)
    if wakeMs ~= '' then setTimer(id, 'limit', now() + wakeMs) end
    answers[i] = 'parked'
  end
end
return answers
