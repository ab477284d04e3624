-- Functions stay in Redis from call to call (adr/0021), and what they share with them: whoever notes something for the rest of
-- a call begins anew with each, `atStart`.
local starts = {}
local function atStart(start) starts[#starts + 1] = start end

-- Every key of a partition begins with the one key of a call, which holds the hash tag: it touches one slot whatever it touches.
local prefix, ARGV, cursor, call
local function begin(keys, args)
  prefix, ARGV, cursor = keys[1], args, 0
  call = redis.call
  for i = 1, #starts do starts[i]() end
end

local function key(kind, id) return prefix .. kind .. ':' .. id end
local function rootOf(id) return string.sub(id, 1, 28) end
-- Whose claim it is.
local function sessionOf(token) return string.match(token, '^%d+:(.*):[^:]*$') end

-- A whole number as text, spelled once a call: Redis spells each number that it is given with all the care for fractions.
local spelled
atStart(function() spelled = {} end)
local function spell(number)
  local text = spelled[number]
  if not text then
    text = string.format('%d', number)
    spelled[number] = text
  end
  return text
end

-- Arguments are read in the order in which redis-store.ts writes them.
local function arg()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function count() return tonumber(arg()) end
