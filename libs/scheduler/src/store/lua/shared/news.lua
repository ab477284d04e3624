-- What processes hear: events for tasks of a session, which watched tasks have moved. Sent once, at the end (tell.lua). What
-- is for the calling session itself goes back with the answer.
-- `endedRoots`: client and `watched` of those that have ended in this call; `caller`: the calling session; `committing`: the task
-- whose turn is applied, which gets its events with the answer.
-- `bundled`: what has ended in bundles.
local newsOf, watchedIds, ownNews, endedRoots, bundled, caller, callersToken, committing
atStart(function()
  newsOf, watchedIds, ownNews, endedRoots, bundled, caller, callersToken, committing = {}, {}, {}, {}, {}, nil, nil, nil
end)
local function callerOf(token)
  if token ~= callersToken then caller, callersToken = sessionOf(token), token end -- tasks of one claim have the same
end
-- `news`: {id, token, number of the event, event}; `group`, `failed` when it is the decision of a gather.
local function tellSession(session, news)
  if news[1] == committing then return end
  local all = session == caller and ownNews or newsOf[session]
  if all == nil then
    all = {}
    newsOf[session] = all
  end
  all[#all + 1] = news
end

-- A client that hears of an end need not ask for the outcome when few small ones are told: a row of JSON instead of the id.
-- The end of a root is told to the client that has submitted it, and to all when it is watched, or no client is known.
local mostTold, mostBytes = 8, 2000
local shown = { 'coroutine', 'options', 'state', 'payload', 'parent', 'created', 'started', 'finished', 'attempt', 'worker',
  'progress', 'failures', 'retryError', 'retryAt', 'total', 'pending', 'running', 'succeeded', 'failed', 'cancelled' }
local function endAsRow(id, values)
  local row, bytes = { id }, 0
  for i, name in ipairs(shown) do
    if values[i] then
      row[#row + 1] = name
      row[#row + 1] = values[i]
      bytes = bytes + #values[i]
    end
  end
  return bytes > mostBytes and id or cjson.encode(row)
end

-- `told`: an id, or <bundle> <first>-<last>.
local function tellEndsIn(bundle, told)
  bundled[#bundled + 1] = { told = told, client = bundle.client, watched = bundle.watched }
end

local function publishWatched(channel)
  local all, byClient = {}, {}
  local function tell(told, finished, client, watched)
    if client and finished then
      byClient[client] = byClient[client] or {}
      table.insert(byClient[client], told)
    end
    if watched or not client then all[#all + 1] = told end
  end
  for _, each in ipairs(bundled) do tell(each.told, true, each.client, each.watched) end
  for _, id in ipairs(watchedIds) do
    local finished, client, watched
    if endedRoots[id] then finished, client, watched = true, unpack(endedRoots[id], 1, 2)
    else finished, client, watched = unpack(call('HMGET', key('task', id), 'finished', 'client', 'watched')) end
    local told = id
    if finished and #watchedIds <= mostTold then told = endAsRow(id, call('HMGET', key('task', id), unpack(shown))) end
    tell(told, finished, client, watched)
  end
  for client, lines in pairs(byClient) do call('PUBLISH', channel .. ':' .. client, table.concat(lines, '\n')) end
  if #all > 0 then call('PUBLISH', channel, table.concat(all, '\n')) end
end
