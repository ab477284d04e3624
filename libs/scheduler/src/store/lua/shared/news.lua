-- Hints for processes: which tasks of a session have news, which watched tasks have moved. Sent once, at the end.
local newsOf, watchedIds = {}, {}
local function tellSession(session, id)
  local ids = newsOf[session]
  if ids == nil then
    ids = {}
    newsOf[session] = ids
  end
  ids[#ids + 1] = id
end
local function publishNews()
  local channel = ARGV[#ARGV]
  for session, ids in pairs(newsOf) do call('PUBLISH', channel .. ':' .. session, table.concat(ids, '\n')) end
  if #watchedIds > 0 then call('PUBLISH', channel, table.concat(watchedIds, '\n')) end
end
