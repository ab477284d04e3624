-- Tasks by state, and what has ended how, by coroutine (T5). Summed up here and written once, when the script takes
-- hints at its end. A name that no worker ever had is counted as _OTHER: callers choose it, so there is no end of them.
local counts = prefix .. 'counts'
local countedNow = {}
local function add(what, n) countedNow[what] = (countedNow[what] or 0) + n end
-- `from` nil: it is created; `to` nil: it has ended.
local function moved(from, to, n)
  if from then add(from, -n) else add('created', n) end
  if to then add(to, n) end
end
local nameOf = {}
local function ended(state, coroutine, n)
  if not nameOf[coroutine] then
    nameOf[coroutine] = call('SISMEMBER', prefix .. 'names', coroutine) == 1 and coroutine or '_OTHER'
  end
  add(state .. ' ' .. nameOf[coroutine], n)
end
local function writeCounts()
  for what, n in pairs(countedNow) do
    if n ~= 0 then call('HINCRBY', counts, what, n) end
  end
end
