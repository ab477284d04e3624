#!lua flags=allow-oom
--[[ park: suspended tasks that nobody runs any more, until something happens to them. The race with what happens is
  decided here: a task whose inbox has more than its worker knows is not parked.
  Keeps T2 (token), T3. The same call again is answered the same. KEYS prefix    ARGV count, then id token known for each
  Returns {'parked' | 'news' | 'fenced', ...}    Cost O(tasks) ]]
--# include keys
local answers = {}
for i = 1, count() do
  local id, token, known = arg(), arg(), count()
  local taskKey = key('task', id)
  local current, parked, state, worker = unpack(call('HMGET', taskKey, 'token', 'parked', 'state', 'worker'))
  if parked == token then answers[i] = 'parked'
  elseif current ~= token then answers[i] = 'fenced'
  elseif state ~= 'suspended' or call('LLEN', key('inbox', id)) ~= known then answers[i] = 'news'
  else
    call('SREM', key('claims', worker), id)
    call('HDEL', taskKey, 'token')
    call('HSET', taskKey, 'parked', token, 'known', known)
    answers[i] = 'parked'
  end
end
return answers
