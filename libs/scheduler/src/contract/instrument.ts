/** Hooks that tell what the engine does. All optional; the scheduler knows no metrics library and never waits for one. */
import type { SessionId, SettledState, TaskId } from './task.ts';
import type { TraceContext } from './trace.ts';

/** The task that something is about; with the id of its trace, if it belongs to one. */
export interface AboutTask {
  id: TaskId;
  coroutine: string;
  traceId?: string | undefined;
}

/** Of debug mode: what is most likely a mistake in a coroutine. */
export interface Finding extends AboutTask {
  kind: 'slowStep' | 'neverRetrieved' | 'neverAwaited' | 'destroyedPending';
  /** In asyncio's words. */
  message: string;
  /** Where in the coroutine: `file:line:column`. */
  place: string | undefined;
  /** So many of this kind in the task; the message is about the first. */
  count: number;
  /** What was never retrieved. */
  error: unknown;
}

/** A run of a task that belongs to a trace: from its claim by a worker to its end there. */
export interface EndedRun extends Omit<AboutTask, 'traceId'> {
  /** Its session. */
  worker: SessionId;
  attempt: number;
  /** Attempts of the coroutine that have failed before this one. */
  failures: number;
  /** Of the tree. */
  trace: TraceContext;
  /** 16 hex digits each. Of the run that settles a task: those of the task. */
  spanId: string;
  parentSpanId: string;
  /** Milliseconds since the epoch. Of the run that settles a task: when it first began, whichever worker that was. */
  startedAt: number;
  endedAt: number;
  /** How the task ended with it; `retried`: another attempt follows; `left`: it goes on elsewhere, or later. */
  end: SettledState | 'retried' | 'left';
  errorType: string | undefined;
  /** Why it was left. */
  reason: string | undefined;
}

export interface Instrument {
  /** Only of tasks that belong to a trace. A replay is part of the run that replays. */
  ran?(run: EndedRun): void;
  /** A worker begins to run a task. `queuedMs`: since it was created; `replayed`: it has a history. */
  taskStarted?(task: AboutTask & { attempt: number; queuedMs: number; replayed: boolean }): void;
  taskSuspended?(task: AboutTask): void;
  /** `waitedMs`: from the moment when it could go on to the moment when it had a slot again. */
  taskResumed?(task: AboutTask & { waitedMs: number }): void;
  /** A coroutine gave its slot away after `ms`, to wait or because it has ended. */
  slotUsed?(task: AboutTask & { ms: number }): void;
  /** A history of `steps` steps was walked again, before the task goes on. */
  replayed?(task: AboutTask & { steps: number; ms: number }): void;
  /** The task began an operation of the loop, for the first time; `op` is its name in the code of the loop. */
  operation?(operation: AboutTask & { op: string }): void;
  /**
   * A gather goes on. By the store's clock: `openMs` since it began, `fanInMs` from the step that decided it, on
   * whichever worker, to the reading of its results here.
   */
  gathered?(gather: AboutTask & { members: number; failed: boolean; openMs: number; fanInMs: number }): void;
  /** The cluster has given this worker up: its tasks run elsewhere, and it begins as another session. */
  sessionLost?(): void;
  /** `ranMs`: from its start in this process to its end, suspension included. */
  taskSettled?(task: AboutTask & { state: SettledState; errorType?: string | undefined; ranMs: number }): void;
  /** An attempt failed, and another follows after `delayMs`. `failures`: so many have failed by now. */
  taskRetried?(task: AboutTask & { errorType: string; failures: number; delayMs: number }): void;
  /** A write of a stale run was refused (T2). */
  fenced?(task: AboutTask): void;
  /** One call of the store: `items` tasks in `ms`. */
  storeCall?(call: { method: string; items: number; ms: number; failed: boolean }): void;
  /** Only in debug mode. */
  found?(finding: Finding): void;
  swept?(result: { expired: number; timers: number; hinted: number; removed: number }): void;
  /** Something went wrong that no task can be told; for the log. `task`: that it is about. */
  warning?(message: string, error: unknown, task?: Omit<AboutTask, 'coroutine'>): void;
}
