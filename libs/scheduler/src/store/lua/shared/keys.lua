-- Every key of a partition begins with KEYS[1], which holds the hash tag: a script touches one slot whatever it touches.
local prefix = KEYS[1]
local function key(kind, id) return prefix .. kind .. ':' .. id end
local function rootOf(id) return string.sub(id, 1, 28) end
local call = redis.call
-- Whose claim it is.
local function sessionOf(token) return string.match(token, '^%d+:(.*):[^:]*$') end

-- A whole number as text, spelled once a call: Redis spells each number that it is given with all the care for fractions.
local spelled = {}
local function spell(number)
  local text = spelled[number]
  if not text then
    text = string.format('%d', number)
    spelled[number] = text
  end
  return text
end

-- Arguments are read in the order in which redis-store.ts writes them.
local cursor = 0
local function arg()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function count() return tonumber(arg()) end
