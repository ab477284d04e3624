/**
 * Tasks that ran when their worker died. After two such crashes in a row a task is a suspect: a worker runs one of them at
 * a time, so that the third crash has one suspect only, which fails for it; the innocent end or get on, and are cleared.
 */
import type { Outcome } from '../contract/outcome.ts';
import type { SessionId } from '../contract/task.ts';
import type { MemoryTask } from './memory-task.ts';
import type { Session } from './sessions.ts';

const mostCrashes = 3;

export const isSuspect = ({ crashes }: MemoryTask): boolean => crashes >= mostCrashes - 1;

/** Whether the session may run the task now. */
export const mayTry = (session: Session, task: MemoryTask): boolean =>
  !isSuspect(task) || ![...session.claimed].some((other) => other !== task && isSuspect(other));

/** The worker has died. A task that was suspended, and had no news to go on with, did not run then. The outcome of one that
 *  has done so too often. */
export function crashed(task: MemoryTask, session: SessionId): Outcome | undefined {
  if (task.state === 'suspended' && task.inbox.length <= task.known) return undefined;
  task.crashes++;
  if (task.crashes < mostCrashes) return undefined;
  const message =
    `${mostCrashes} workers in a row have died while they ran this task, the last was ${session}: ` +
    'see what its log ends with';
  return { state: 'failed', payload: JSON.stringify({ type: 'WorkerCrashed', message }) };
}
