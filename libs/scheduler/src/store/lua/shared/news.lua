-- Hints for processes: which tasks of a session have news, which watched tasks have moved. Sent once, at the end. What
-- the calling session itself should hear goes back with the answer: {id, number of the event, event, ...}.
local newsOf, watchedIds, ownNews = {}, {}, {}
local caller, committing -- the calling session; the task whose turn is applied, which gets its events with the answer
local function sessionOf(token) return string.match(token, '^%d+:(.*):[^:]*$') end
local function callerOf(token) caller = sessionOf(token) end
local function tellSession(session, id, number, event)
  if id == committing then return end
  if session == caller then
    for _, value in ipairs({ id, number, event }) do ownNews[#ownNews + 1] = value end
    return
  end
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
