-- A root whose coroutine has ended: its tree is cancelled a page at a time (asyncio.run). 'ending' holds those that are
-- not through yet, with the time of the last page, so that the sweep goes on where a worker has died. Each task is cancelled once an end (`ended`).
endTreePage = function(root, from, time)
  local ending = call('HEXISTS', key('task', root), 'ending') == 1
  local cancel = '-1\ncancel\n' .. (ending and 'end:' or 'tree:') .. root .. '\n'
  local function endOne(id)
    if call('HSETNX', key('task', id), ending and 'ended' or 'asked', 1) == 1 then cancelTask(id, '', cancel, time) end
  end
  written(key('live', root))
  local scanned = call('SSCAN', key('live', root), from, 'COUNT', 200)
  for _, id in ipairs(scanned[2]) do
    if string.sub(id, 1, 1) ~= 'g' then endOne(id)
    else
      local group = string.sub(id, 2)
      dropBacklog(group, '', time)
      -- Members that are no records yet become such, and stand in the list themselves from then on.
      for _, member in ipairs(openMembers(group)) do
        if promote(member) == 'record' then endOne(member) end
      end
    end
  end
  if scanned[1] == '0' then call('ZREM', prefix .. 'ending', root)
  else call('ZADD', prefix .. 'ending', 'XX', time, root) end
  completeRoot(root, time)
  return scanned[1]
end
