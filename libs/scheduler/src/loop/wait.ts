/** wait: until the first, the first failure, or all of some tasks are done. Cancels nothing, raises no error of theirs. */
import { CancelledError, TimeoutError } from '../contract/exceptions.ts';
import type { Operations } from './operations.ts';
import type { Task } from './tasks.ts';
import { timeout } from './timeouts.ts';
import { CallLater } from './timers.ts';
import { Waiter } from './waiter.ts';

export const FIRST_COMPLETED = 'FIRST_COMPLETED';
export const FIRST_EXCEPTION = 'FIRST_EXCEPTION';
export const ALL_COMPLETED = 'ALL_COMPLETED';
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

export interface WaitOptions {
  /** Milliseconds; null: no limit. When it is over, `wait` returns and raises nothing. */
  timeout?: number | null;
  /** ALL_COMPLETED by default. */
  returnWhen?: ReturnWhen;
}

export interface Waited<T> {
  /** In the order given, each once. */
  done: T[];
  pending: T[];
}

export async function wait<T extends Task<unknown>>(
  operations: Operations,
  given: Iterable<T>,
  { timeout: ms = null, returnWhen = ALL_COMPLETED }: WaitOptions,
): Promise<Waited<T>> {
  const tasks = new Set(given);
  if (tasks.size === 0) throw Object.assign(new Error('Set of Tasks/Futures is empty.'), { name: 'ValueError' });
  if (![FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED].includes(returnWhen))
    throw Object.assign(new Error(`Invalid return_when value: ${String(returnWhen)}`), { name: 'ValueError' });
  const waiter = new Waiter(operations);
  const timer = ms === null ? undefined : new CallLater(operations, 'wait', ms, () => waiter.release());
  let left = tasks.size;
  const completed = (task: T): void => {
    left -= 1;
    // Its exception counts as retrieved only when it is asked for, as in asyncio.
    const failed = (): boolean => !task.cancelled() && task.exception() !== undefined;
    if (left === 0 || returnWhen === FIRST_COMPLETED || (returnWhen === FIRST_EXCEPTION && failed())) waiter.release();
  };
  // What is done already counts when this coroutine has suspended, as add_done_callback on a finished future.
  for (const task of tasks) {
    if (task.done()) operations.callSoon(() => completed(task));
    else task.addDoneCallback(() => completed(task));
  }
  try {
    await waiter;
  } finally {
    timer?.cancel();
  }
  const [done, pending]: [T[], T[]] = [[], []];
  for (const task of tasks) (task.done() ? done : pending).push(task);
  return { done, pending };
}

/** wait_for: a task's result, or TimeoutError after cancelling the task and waiting for its end (CPython 3.12). */
export async function waitFor<T>(operations: Operations, task: Task<T>, ms: number | null): Promise<T> {
  if (ms === null || ms > 0) return await timeout(operations, ms, () => task);
  if (!task.done()) {
    const ended = new Waiter(operations);
    task.addDoneCallback(() => ended.release());
    task.cancel();
    await ended;
  }
  try {
    return task.result();
  } catch (error) {
    throw error instanceof CancelledError ? new TimeoutError('', { cause: error }) : error;
  }
}
