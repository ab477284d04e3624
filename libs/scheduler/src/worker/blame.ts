/**
 * Whose code this is: everything that a coroutine begins, also what it does not wait for, runs in its asynchronous context.
 * So an error that nobody handles has an offender, who fails for it in place of the process that runs the tasks of many.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledError, FencedError } from '../contract/exceptions.ts';
import type { AboutTask } from '../contract/instrument.ts';

export interface Offender {
  readonly about: AboutTask;
  /** The task fails with this error, unless it has ended. */
  blame(error: unknown): void;
}

const offenders = new AsyncLocalStorage<Offender>();

export const asOffender = <T>(offender: Offender, run: () => T): T => offenders.run(offender, run);

/** The task whose code is running, if any. For what a process says when it ends. */
export const runningTask = (): AboutTask | undefined => offenders.getStore()?.about;

/**
 * For handlers of `unhandledRejection` and `uncaughtException`: fails the task whose code has thrown, and tells which one
 * it was; undefined when it was none's. A cancel that nobody waits for is no error, as in asyncio.
 */
export function blameTask(error: unknown): AboutTask | undefined {
  if (!(error instanceof CancelledError || error instanceof FencedError)) offenders.getStore()?.blame(error);
  return runningTask();
}
