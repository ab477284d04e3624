#!lua flags=allow-oom
--[[ outbox: letters to another partition, oldest first. Those up to number `taken` have been delivered and are removed.
  KEYS prefix    ARGV partition taken    Returns {'<number>\n<text>', ...}, at most 100 or about 500 kB    Cost O(letters) ]]
--# include keys
local partition, taken = arg(), count()
local box = key('outbox', partition)
for _ = 1, 200 do
  local number = string.match(call('LINDEX', box, 0) or '', '^(%d+)\n')
  if not number or tonumber(number) > taken then break end
  call('LPOP', box)
end
local letters, bytes = {}, 0
for i = 0, 99 do
  local letter = call('LINDEX', box, i)
  if not letter or bytes > 500000 then break end
  letters[#letters + 1] = letter
  bytes = bytes + #letter
end
if #letters == 0 then call('SREM', prefix .. 'outboxes', partition) end
return letters
