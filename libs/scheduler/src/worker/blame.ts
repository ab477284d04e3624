/**
 * Whose code this is: everything that a coroutine begins, also what it does not wait for, runs in its asynchronous context.
 * So an error that nobody handles has an offender, who fails for it in place of the process that runs the tasks of many.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledError, FencedError } from '../contract/exceptions.ts';
import type { TaskId } from '../contract/task.ts';

export interface Offender {
  readonly id: TaskId;
  readonly coroutine: string;
  /** The task fails with this error, unless it has ended. */
  blame(error: unknown): void;
}

const offenders = new AsyncLocalStorage<Offender>();

export const asOffender = <T>(offender: Offender, run: () => T): T => offenders.run(offender, run);

/** The task whose code is running, if any. For what a process says when it ends. */
export function runningTask(): { id: TaskId; coroutine: string } | undefined {
  const offender = offenders.getStore();
  return offender && { id: offender.id, coroutine: offender.coroutine };
}

/**
 * For handlers of `unhandledRejection` and `uncaughtException`: fails the task whose code has thrown, and tells which one
 * it was; undefined when it was none's. A cancel that nobody waits for is no error, as in asyncio.
 */
export function blameTask(error: unknown): { id: TaskId; coroutine: string } | undefined {
  if (!(error instanceof CancelledError || error instanceof FencedError)) offenders.getStore()?.blame(error);
  return runningTask();
}
