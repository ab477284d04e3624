/** Direct claims and hints (contract/store.ts): who is told of a new root at once. */
import type { Hint } from '../contract/dispatch.ts';
import { rootOf } from '../contract/ids.ts';
import { claimOf } from './claim.ts';
import type { MemoryTask } from './memory-task.ts';
import type { News } from './news.ts';
import type { Partition } from './partition.ts';
import { hintTtlMs } from './ready-queue.ts';
import type { Session } from './sessions.ts';

const mostDirect = 4;
const overdueMs = 300;
const promptMs = 50;
const distrustMs = 30_000;
const mostGivenBytes = 16_384;

/** Answers those of the hints that nobody was told of. `alone`: there is no other partition. */
export function sendDirect(part: Partition, news: News, at: number, hints: readonly Hint[], alone: boolean): Hint[] {
  if (hints.length > mostDirect) return [...hints];
  const waiting = part.queue.hinted;
  return hints.filter((hint) => {
    const task = rootOf(hint.id) === hint.id ? part.table.get(hint.id) : undefined;
    const session = task && sessionFor(part, task, waiting);
    if (task === undefined || session === undefined) return true;
    if (alone && session.claimed.size === 0 && isPlain(part, task)) return !claimFor(part, news, session, task);
    if (!news.hint(session.info.id, at, hint)) return true;
    part.queue.hurry(task, part.now() + overdueMs - hintTtlMs);
    session.told ??= { at: part.now(), of: hint.id };
    return false;
  });
}

const isPlain = (part: Partition, { id, startedAt, startBy, unstarted, work }: MemoryTask): boolean =>
  startedAt === undefined &&
  startBy === undefined &&
  unstarted === undefined &&
  !part.watched.has(id) &&
  Buffer.byteLength(work.args) <= mostGivenBytes;

function claimFor(part: Partition, news: News, session: Session, task: MemoryTask): boolean {
  if (!news.isHeard(session.info.id)) return false;
  session.given = Math.max(session.given + 1, part.now() * 1000);
  part.start(task, session.info.id, `d${session.given}`);
  news.claim(session.info.id, claimOf(task, part.now()), session.given);
  return true;
}

/** An idle one, else the least busy one; of equals each has its turn: the last character of an id is random. */
function sessionFor(part: Partition, { id, work }: MemoryTask, waiting: number): Session | undefined {
  const some = part.sessions.working().filter(({ coroutines }) => coroutines.has(work.coroutine));
  const first = id.charCodeAt(id.length - 1) % Math.max(1, some.length);
  return [...some.slice(first), ...some.slice(0, first)]
    .map((session) => ({ session, share: shareOf(part, session, waiting) }))
    .filter(({ share }) => share !== undefined)
    .sort((a, b) => (a.share ?? 0) - (b.share ?? 0))[0]?.session;
}

/** The share of its slots that is in use; 0 when it is idle, whatever is on its way; undefined when it is not to be told. */
function shareOf(part: Partition, session: Session, waiting: number): number | undefined {
  const { stuck, succeeded, suspended, claimed, told, info } = session;
  if (stuck || succeeded || part.sessions.isSilent(session, part.now())) return undefined;
  const since = told === undefined ? 0 : part.now() - told.at;
  if (since > distrustMs) session.told = undefined;
  else if (since > promptMs) return undefined;
  const used = Math.max(0, claimed.size - suspended);
  const all = used + waiting;
  return all > Math.max(1, info.slots / 2) ? undefined : used === 0 ? 0 : all / info.slots;
}
