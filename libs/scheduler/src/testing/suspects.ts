/**
 * Tasks that ran when their worker died. After two such crashes in a row a task is a suspect: a worker runs one of them at
 * a time, so that the third crash has one suspect only, which fails for it; the innocent end or get on, and are cleared.
 */
import type { Outcome } from '../contract/outcome.ts';
import type { SessionId } from '../contract/task.ts';
import type { MemoryTask } from './memory-task.ts';
import type { Session } from './sessions.ts';

const mostCrashes = 3;
const mostInAll = 10;

export const isSuspect = ({ crashes }: MemoryTask): boolean => crashes >= mostCrashes - 1;

/** Whether the session may run the task now. */
export const mayTry = (session: Session, task: MemoryTask): boolean =>
  !isSuspect(task) || ![...session.claimed].some((other) => other !== task && isSuspect(other));

/** The worker has died. A task that was suspended, and had no news to go on with, did not run then. The outcome of one that
 *  has done so too often: three times in a row, and more than two thirds of all `deaths` of workers since the first of
 *  them, but for those whose culprit is known; or ten times. Where workers die of something else all the time, those that
 *  they run are innocent. */
export function crashed(task: MemoryTask, session: SessionId, deaths: number): Outcome | undefined {
  if (task.state === 'suspended' && task.inbox.length <= task.known) return undefined;
  if (task.crashes++ === 0) task.crashedFrom = deaths - 1;
  const { crashes } = task;
  const guilty = crashes >= mostInAll || (crashes >= mostCrashes && 3 * crashes > 2 * (deaths - task.crashedFrom));
  if (!guilty) return undefined;
  const message =
    `${crashes} workers in a row have died while they ran this task, the last was ${session}: ` +
    'see what its log ends with';
  return { state: 'failed', payload: JSON.stringify({ type: 'WorkerCrashed', message }) };
}
