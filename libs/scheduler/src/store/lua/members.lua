#!lua flags=no-writes
--[[ members: ends of members of groups, in order. Reads only.
  KEYS prefix    ARGV bytes, count, then group from count for each    Returns {{ends, size, created, decided, now}, ...}, for
  fewer groups than asked for when they are large, one at least; ends are texts, with NUL between
  <s|f|c|S|F|C><anything>\n<anything>\n<payload>, or nothing for a member that has not ended
  Cost O(members) ]]
--# include keys now news texts batches members
local mostBytes, bytes = count(), 0
local answers = {}
for i = 1, count() do
  local group, from, wanted = arg(), count(), count()
  if bytes > mostBytes then break end
  local answer, read = endsOf(group, from, wanted, mostBytes - bytes)
  answers[i], bytes = answer, bytes + read
end
return answers
