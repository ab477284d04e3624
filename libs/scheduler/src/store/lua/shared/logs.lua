-- Keeps log entries, and that this task has some (in the order in which tasks of the tree were created).
local function keepLogs(id, root, entries)
  if #entries == 0 then return end
  callWithAll('RPUSH', key('logs', id), entries)
  call('ZADD', key('logged', root), call('HGET', key('task', id), 'seq') or 0, id)
end
