-- Letters to other partitions: a script touches one slot, so what concerns a task elsewhere is written into the outbox of
-- this partition, in the same step as its cause, and carried by any worker (deliver.lua takes each letter once).
-- Numbers of letters only grow, also when the store has lost its tail: they follow its clock.
local mailed, mailTo
atStart(function() mailed, mailTo = {}, {} end)
local function post(partition, text)
  local number = math.max(tonumber(call('GET', prefix .. 'posted') or 0) + 1, now() * 1000)
  number = string.format('%.0f', number)
  call('SET', prefix .. 'posted', number)
  call('RPUSH', key('outbox', partition), number .. '\n' .. text)
  call('SADD', prefix .. 'outboxes', partition)
  if not mailed[partition] then mailTo[#mailTo + 1] = partition end
  mailed[partition] = true
end
