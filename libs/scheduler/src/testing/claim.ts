/** A hint has arrived: who of the hinted tasks starts here, and where the others go. */
import { encodeEvent } from '../contract/history.ts';
import { memberOf } from '../contract/ids.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { Claim, Next } from '../contract/store.ts';
import { isSettled, type SessionId, type TaskId } from '../contract/task.ts';
import type { MemoryTask } from './memory-task.ts';
import type { Partition } from './partition.ts';
import { hintTtlMs } from './ready-queue.ts';
import type { Session } from './sessions.ts';
import { mayTry } from './suspects.ts';

/** A hint that met the wrong worker is overdue so soon, not at once: else it may meet the same worker in a hot loop. */
const misroutedMs = 100;

/** A hint that has been on its way for so long is taken by who asks for what comes next. */
const lateMs = 50;

export function claimTasks(
  part: Partition,
  sessionId: SessionId,
  nonce: string,
  ids: readonly TaskId[],
  max: number,
): Claim[] {
  const session = part.sessions.live(sessionId);
  if (session?.told !== undefined && ids.includes(session.told.of)) session.told = undefined;
  const claims: Claim[] = [];
  let bytes = 0;
  for (const id of new Set(ids)) {
    const task = part.table.get(id);
    if (task === undefined || isSettled(task.state)) continue;
    const again = task.claim?.session === sessionId && task.claim.nonce === nonce;
    if (!again && (!part.queue.has(task) || part.endLate(task))) continue;
    if (!again && session?.coroutines.has(task.work.coroutine) !== true) {
      part.queue.misrouted(task, part.serves, part.now() + misroutedMs - hintTtlMs);
      continue;
    }
    if (claims.length >= max || bytes > bytesPerCall) {
      if (!again && !part.endUnstarted(task)) part.queue.revive(task);
      continue;
    }
    if (!again && !mayTry(session as Session, task)) {
      part.queue.misrouted(task, part.serves, part.now() + misroutedMs - hintTtlMs);
      continue;
    }
    if (!again) part.start(task, sessionId, nonce);
    const claim = claimOf(task, part.now());
    claims.push(claim);
    bytes += bytesOf(claim);
  }
  return claims;
}

/** What a session takes when it settles. */
export function claimNext(part: Partition, { session: id, nonce, max, resting }: Next): Claim[] {
  const session = part.sessions.live(id);
  if (session === undefined) return [];
  session.resting = resting ?? session.resting;
  const again = [...session.claimed].filter(({ claim }) => claim?.nonce === nonce);
  if (again.length > 0) return again.map((task) => claimOf(task, part.now()));
  const claims: Claim[] = [];
  let bytes = 0;
  const mine = (coroutine: string): boolean => session.coroutines.has(coroutine);
  const late = part.queue.late(part.now() - lateMs, mine).slice(0, max);
  let free = part.freeSlots() - part.queue.hinted;
  while (claims.length < max && bytes <= bytesPerCall) {
    const hinted = late.shift();
    if (hinted === undefined && free-- <= 0) break;
    const task = hinted ?? part.queue.takeOne(mine);
    if (task === undefined) break;
    if (part.endLate(task)) continue;
    if (!mayTry(session, task)) {
      part.queue.misrouted(task, part.serves, part.now() + misroutedMs - hintTtlMs);
      continue;
    }
    part.start(task, id, nonce);
    const claim = claimOf(task, part.now());
    claims.push(claim);
    bytes += bytesOf(claim);
  }
  return claims;
}

const bytesOf = ({ args, history, events }: Claim): number =>
  [args, ...history, ...events.map(encodeEvent)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

export const claimOf = (task: MemoryTask, claimedAt: number): Claim => ({
  id: task.id,
  member: memberOf(task.id),
  token: task.claim?.token ?? '',
  ...task.work,
  attempt: task.attempt,
  parent: task.parent?.id,
  createdAt: task.createdAt,
  startedAt: task.startedAt ?? task.createdAt,
  begunAt: task.begunAt ?? task.createdAt,
  claimedAt,
  history: [...task.history],
  events: [...task.inbox],
  commits: task.commits,
  logged: task.logs.length - task.loggedBefore,
  failures: task.failures,
  firstOp: task.firstOp,
});
