/**
 * Scripts broken on purpose, one rule each. What finds none of them out proves nothing.
 *
 * Not among them: a commit without its token check. Turns are numbered, and replay makes the same ones, so the turn of a
 * stale worker is either refused by its number or the very turn that its successor makes: nothing can be seen.
 */
import type { ScriptName } from '../../libs/scheduler/src/store/scripts.ts';

export interface Sabotage {
  name: string;
  script: ScriptName;
  from: string;
  to: string;
}

export const sabotages: readonly Sabotage[] = [
  { name: 'no token check at settle', script: 'settle', from: 'return current == token', to: 'return true' },
  {
    name: 'a turn that is sent again is applied again',
    script: 'commit',
    from: 'local isNext = seq == tonumber(commits or 0) + 1',
    to: 'local isNext = seq > 0',
  },
  {
    name: 'no gap rule: leases are counted by the clock',
    script: 'sweep',
    from: '(since > 3000 and 500 or math.max(0, math.min(since, 1500)))',
    to: 'since',
  },
  { name: 'leases never end', script: 'sweep', from: '(up - 1500)', to: '(up - 1500000000)' },
  {
    name: 'hints without a sweep',
    script: 'sweep',
    from: "local overdue = call('ZRANGEBYSCORE', hinted, 0, '(' .. (time - hintTtl), 'LIMIT', 0, page)",
    to: 'local overdue = {}',
  },
  {
    name: 'a direct hint is forgotten',
    script: 'submit',
    from: "call('ZADD', hinted, -(time + overdueMs), id)",
    to: "call('ZREM', hinted, id)",
  },
  {
    name: 'a direct claim is not among what the session holds',
    script: 'submit',
    from: "call('SADD', key('claims', session), task.id)",
    to: '',
  },
  { name: 'timers die with their worker', script: 'sweep', from: "deliver(id, what .. '\\ntimer\\n')", to: '' },
  {
    name: 'the end of a child is not told',
    script: 'settle',
    from: "deliver(parent, op .. '\\n@\\n' .. id)",
    to: 'return',
  },
  {
    name: 'a gather is decided by its first end',
    script: 'settle',
    from: 'if known.decided or ((known.returnExceptions or not failed) and known.left > 0) then return end',
    to: 'if known.decided then return end',
  },
  {
    name: 'members that have begun are handed out, too',
    script: 'commit-growing',
    from: "'popped', through",
    to: "'popped', '0'",
  },
  {
    name: 'what a member has gathered is no child of it',
    script: 'settle-growing',
    from: "call('RPUSH', key('children', parent), id .. ':' .. spell(size))",
    to: '',
  },
  {
    name: 'what was claimed as one is forgotten where it is taken apart',
    script: 'commit',
    from: "callWithAll('SADD', key('claims', session), ids)",
    to: '',
  },
  {
    name: 'what was claimed as one stays claimed when it has ended',
    script: 'settle',
    from: "leave(key('claims', caller), claimOfWhole(group, whole))",
    to: '',
  },
  {
    name: 'a root that leaves its bundle is still one of those that it waits for',
    script: 'commit',
    from: 'known.left = known.left - 1',
    to: 'known.left = known.left',
  },
  {
    name: 'nobody removes a bundle that has ended',
    script: 'settle',
    from: "scored(prefix .. 'expiring', spell(now() + tonumber(known.ttl)), 'g' .. bundle)",
    to: '',
  },
  {
    name: 'history is not kept, so replay goes by arrival',
    script: 'commit',
    from: "if history ~= '' then call('RPUSH', key('history', id), history) end",
    to: '',
  },
  {
    name: 'a task that is taken back keeps its token',
    script: 'sweep',
    from: "call('HDEL', taskKey, 'token')\n  call('HSET', taskKey, 'state', 'pending', 'waits', time)",
    to: "call('HSET', taskKey, 'state', 'pending', 'waits', time)",
  },
  {
    name: 'what is claimed stays hinted',
    script: 'claim',
    from: "if call('ZREM', hinted, id) == 1 then return end",
    to: '',
  },
];

/** Breaks one script; throws when the text is not there any more, for then nothing would be broken. */
export const breaking =
  ({ name, script, from, to }: Sabotage) =>
  (which: ScriptName, text: string): string => {
    if (which !== script) return text;
    if (!text.includes(from)) throw new Error(`sabotage "${name}": ${script} has no ${JSON.stringify(from)}`);
    return text.replace(from, () => to);
  };
