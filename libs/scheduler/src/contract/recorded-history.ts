/**
 * The history of a task as one JSON document, to be looked at and replayed without a cluster (docs/reference/history.md).
 * `version` changes when old documents could not be replayed any more.
 */
import type { TaskEvent } from './history.ts';
import type { Outcome } from './outcome.ts';
import type { TaskId, TaskState } from './task.ts';
import type { TraceContext } from './trace.ts';

export const historyVersion = 1;

/** An operation that began, or an event that the coroutine was given; a group's with the outcomes of its members. */
export type RecordedStep =
  | { start: string; detail: string }
  | { event: TaskEvent & { members?: (Outcome | undefined)[] } };

export interface RecordedHistory {
  version: typeof historyVersion;
  task: TaskId;
  coroutine: string;
  name?: string;
  context?: [name: string, value: unknown][];
  trace?: TraceContext;
  /** Of the task and all below it: milliseconds since the epoch. */
  deadline?: number;
  args: unknown;
  attempt: number;
  /** When attempts before this one have failed: how many, and the number of the first operation of this one. */
  failures?: number;
  firstOp?: number;
  state: TaskState;
  /** When it has ended. */
  outcome?: Outcome;
  steps: RecordedStep[];
}
