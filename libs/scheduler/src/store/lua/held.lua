#!lua flags=no-writes
--[[ held: what a session has claimed, if that is more than it knows of. Reads only.
  KEYS prefix    ARGV session known    Returns {id, ...}    Cost O(1), or O(claimed) ]]
--# include keys
local session, known = arg(), count()
local claims = key('claims', session)
if call('SCARD', claims) <= known then return {} end
return call('SMEMBERS', claims)
