/** What makes runs of the same seed alike: of scripts, all that Redis leaves to its own chance. */
import type { ScriptName } from '../../libs/scheduler/src/store/scripts.ts';

/** Workers die here all the time, and no task is to blame for it. */
const innocent = ['local mostCrashes, mostInAll = 3, 10', 'local mostCrashes, mostInAll = 1000, 1000'] as const;

/** Redis hands out members of sets in an order that differs from server to server, and by its own chance. */
const ordered = `local sorted = function(members) table.sort(members) return members end
local some = function(set, count)
  local members = sorted(redis.call('SMEMBERS', set))
  local from, picked = tonumber(redis.call('GET', prefix .. 'test-time') or 0), {}
  for i = 1, math.min(count or 1, #members) do picked[i] = members[(from + i) % #members + 1] end
  if not count then return picked[1] or false end
  return picked
end
call = function(name, key, ...)
  if name == 'SMEMBERS' then return sorted(redis.call(name, key)) end
  if name == 'SRANDMEMBER' then return some(key, ...) end
  if name == 'SPOP' then
    local picked = some(key, ...)
    for _, member in ipairs(picked) do redis.call('SREM', key, member) end
    return picked
  end
  local answer = redis.call(name, key, ...)
  if name == 'SSCAN' then sorted(answer[2]) end
  return answer
end`;

/** `patch` breaks a script on purpose, before. */
export const steady =
  (patch: (name: ScriptName, text: string) => string) =>
  (name: ScriptName, text: string): string =>
    patch(name, text)
      .replace('call = redis.call', () => ordered)
      .replace(...innocent);
