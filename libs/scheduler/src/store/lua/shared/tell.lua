-- What is told of new events, once, at the end of a script.

-- The end of a small gather brings along the ends of its members, which its task would read next: '' or <size>\n<created>\n
-- <decided>\n<now>\n<ends>, the texts of members.lua with \1 between. So much in one call.
local membersLeft, bytesLeft
atStart(function() membersLeft, bytesLeft = 1000, 262144 end)
local function endsWith(news)
  local size = news.group and groupOf(news.group).size or math.huge
  local from, wanted = tonumber(news.failed or 0), news.failed and 1 or size
  if wanted > membersLeft or bytesLeft <= 0 then return '' end
  local answer, bytes = endsOf(news.group, from, wanted, bytesLeft)
  membersLeft, bytesLeft = membersLeft - wanted, bytesLeft - bytes
  if bytesLeft <= 0 then return '' end
  local ends = table.concat(table.remove(answer, 1), '\1')
  return table.concat(answer, '\n') .. '\n' .. ends
end

-- {id, number of the event, event, ends, ...}
local function newsOfCaller()
  local flat = {}
  for _, news in ipairs(ownNews) do
    for _, value in ipairs({ news[1], news[3], expand(news[4]), endsWith(news) }) do flat[#flat + 1] = value end
  end
  return flat
end

-- To other sessions a line each: JSON of an event that is small, else the id of its task.
local function publishNews()
  local channel = ARGV[#ARGV]
  for session, all in pairs(newsOf) do
    local lines, bytes = {}, 0
    for i, news in ipairs(all) do
      local event, ends = expand(news[4]), endsWith(news)
      bytes = bytes + #event + #ends
      lines[i] = bytes > 65536 and news[1] or cjson.encode({ news[1], news[2], news[3], event, ends })
    end
    call('PUBLISH', channel .. ':' .. session, 'events\n' .. table.concat(lines, '\n'))
  end
  publishWatched(channel)
end
