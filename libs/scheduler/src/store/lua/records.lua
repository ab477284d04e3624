#!lua flags=no-writes
--[[ records: tasks as they stand, members of gathers included. Reads only.
  KEYS prefix    ARGV count, ids    Returns a flat list of fields and values for each, {} for an unknown id
  Cost O(ids), and O(backlog) for one in a backlog ]]
--# include keys news texts batches members record
local rows = {}
for i = 1, count() do rows[i] = recordOf(arg()) end
return rows
