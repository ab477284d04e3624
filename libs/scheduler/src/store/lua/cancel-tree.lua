#!lua flags=allow-oom
--[[ cancel-tree: cancels what is unsettled below a root, a page at a time; drops backlogs of groups on the way.
  Keeps T1, T3, T4. KEYS prefix    ARGV root, scan cursor; channel
  Returns {next cursor ('0': done), hints}    Cost O(page), about 200 tasks ]]
--# include keys now news sums counts texts batches members groups whole bundles promote mail inbox tell ready take wake timers settle cancel retry end-tree
local root, from = arg(), arg()
local time = now()
local next = endTreePage(root, from, time)
local taken = take(time)
publishNews()
return { next, taken }
