-- As few as there can be, so that small gathers try it.
local leastWhole = 2
