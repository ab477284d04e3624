-- Keeps log entries, and that this task has some (in the order in which tasks of the tree were created).
local function keepLogs(id, root)
  local entries = count()
  if entries == 0 then return end
  for _ = 1, entries do call('RPUSH', key('logs', id), arg()) end
  call('ZADD', key('logged', root), call('HGET', key('task', id), 'seq') or 0, id)
end
