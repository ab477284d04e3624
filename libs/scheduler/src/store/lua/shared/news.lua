-- Hints for processes: which tasks of a session have news, which watched tasks have settled. Sent once, at the end.
local newsOf, settledIds = {}, {}
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
  if #settledIds > 0 then call('PUBLISH', channel, table.concat(settledIds, '\n')) end
end
