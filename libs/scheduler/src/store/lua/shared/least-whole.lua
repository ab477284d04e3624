-- Fewer members than that have an entry each: small gathers are of those who wait, mostly.
local leastWhole = 20
