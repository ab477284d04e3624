-- Every key of a partition begins with KEYS[1], which holds the hash tag: a script touches one slot whatever it touches.
local prefix = KEYS[1]
local function key(kind, id) return prefix .. kind .. ':' .. id end
local function rootOf(id) return string.sub(id, 1, 28) end
local call = redis.call

-- Arguments are read in the order in which redis-store.ts writes them.
local cursor = 0
local function arg()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function count() return tonumber(arg()) end
