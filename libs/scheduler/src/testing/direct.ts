/** Direct hints (contract/store.ts): who is told of a new root at once. */
import type { Hint } from '../contract/dispatch.ts';
import { rootOf } from '../contract/ids.ts';
import type { News } from './news.ts';
import type { Partition } from './partition.ts';
import { hintTtlMs } from './ready-queue.ts';
import type { Session } from './sessions.ts';

const mostDirect = 4;
const overdueMs = 300;
const promptMs = 50;
const distrustMs = 30_000;

/** Answers those of the hints that nobody was told of. */
export function sendDirect(part: Partition, news: News, partition: number, hints: readonly Hint[]): Hint[] {
  if (hints.length > mostDirect) return [...hints];
  return hints.filter((hint) => {
    const session = rootOf(hint.id) === hint.id ? sessionFor(part, hint) : undefined;
    if (session === undefined || !news.hint(session.info.id, partition, hint)) return true;
    const task = part.table.get(hint.id);
    if (task !== undefined) part.queue.hurry(task, part.now() + overdueMs - hintTtlMs);
    session.told ??= { at: part.now(), of: hint.id };
    return false;
  });
}

/** An idle one, else the least busy one; of equals each has its turn: the last character of an id is random. */
function sessionFor(part: Partition, { id }: Hint): Session | undefined {
  const coroutine = part.table.get(id)?.work.coroutine ?? '';
  const some = part.sessions.working().filter(({ coroutines }) => coroutines.has(coroutine));
  const first = id.charCodeAt(id.length - 1) % Math.max(1, some.length);
  return [...some.slice(first), ...some.slice(0, first)]
    .map((session) => ({ session, share: shareOf(part, session) }))
    .filter(({ share }) => share !== undefined)
    .sort((a, b) => (a.share ?? 0) - (b.share ?? 0))[0]?.session;
}

/** The share of its slots that is in use; 0 when it is idle, whatever is on its way; undefined when it is not to be told. */
function shareOf(part: Partition, session: Session): number | undefined {
  const { stuck, succeeded, suspended, claimed, told, info } = session;
  if (stuck || succeeded || part.sessions.isSilent(session, part.now())) return undefined;
  const since = told === undefined ? 0 : part.now() - told.at;
  if (since > distrustMs) session.told = undefined;
  else if (since > promptMs) return undefined;
  const used = Math.max(0, claimed.size - suspended);
  const all = used + part.queue.hinted;
  return all > Math.max(1, info.slots / 2) ? undefined : used === 0 ? 0 : all / info.slots;
}
