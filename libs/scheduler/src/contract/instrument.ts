/** Hooks that tell what the engine does. All optional; the scheduler knows no metrics library and never waits for one. */
import type { SettledState, TaskId } from './task.ts';

/** Of debug mode: what is most likely a mistake in a coroutine. */
export interface Finding {
  kind: 'slowStep' | 'neverRetrieved' | 'neverAwaited' | 'destroyedPending';
  /** The task whose coroutine made it. */
  id: TaskId;
  coroutine: string;
  /** In asyncio's words. */
  message: string;
  /** Where in the coroutine: `file:line:column`. */
  place: string | undefined;
  /** So many of this kind in the task; the message is about the first. */
  count: number;
  /** What was never retrieved. */
  error: unknown;
}

export interface Instrument {
  /** A worker begins to run a task. `queuedMs`: since it was created; `replayed`: it has a history. */
  taskStarted?(task: { id: TaskId; coroutine: string; attempt: number; queuedMs: number; replayed: boolean }): void;
  taskSuspended?(task: { id: TaskId; coroutine: string }): void;
  /** `waitedMs`: from the moment when it could go on to the moment when it had a slot again. */
  taskResumed?(task: { id: TaskId; coroutine: string; waitedMs: number }): void;
  /** A coroutine gave its slot away after `ms`, to wait or because it has ended. */
  slotUsed?(task: { id: TaskId; coroutine: string; ms: number }): void;
  /** A history of `steps` steps was walked again, before the task goes on. */
  replayed?(task: { id: TaskId; coroutine: string; steps: number; ms: number }): void;
  /** The task began an operation of the loop, for the first time; `op` is its name in the code of the loop. */
  operation?(operation: { id: TaskId; coroutine: string; op: string }): void;
  /**
   * A gather goes on. By the store's clock: `openMs` since it began, `fanInMs` from the step that decided it, on
   * whichever worker, to the reading of its results here.
   */
  gathered?(gather: {
    id: TaskId;
    coroutine: string;
    members: number;
    failed: boolean;
    openMs: number;
    fanInMs: number;
  }): void;
  /** The cluster has given this worker up: its tasks run elsewhere, and it begins as another session. */
  sessionLost?(): void;
  /** `ranMs`: from its start in this process to its end, suspension included. */
  taskSettled?(task: { id: TaskId; coroutine: string; state: SettledState; errorType?: string; ranMs: number }): void;
  /** An attempt failed, and another follows after `delayMs`. `failures`: so many have failed by now. */
  taskRetried?(task: { id: TaskId; coroutine: string; errorType: string; failures: number; delayMs: number }): void;
  /** A write of a stale run was refused (T2). */
  fenced?(task: { id: TaskId; coroutine: string }): void;
  /** One call of the store: `items` tasks in `ms`. */
  storeCall?(call: { method: string; items: number; ms: number; failed: boolean }): void;
  /** Only in debug mode. */
  found?(finding: Finding): void;
  swept?(result: { expired: number; timers: number; hinted: number; removed: number }): void;
  /** Something went wrong that no task can be told; for the log. */
  warning?(message: string, error: unknown): void;
}
