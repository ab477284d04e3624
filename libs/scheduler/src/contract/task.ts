/** The words for one distributed task: its id, its states, and the view that people see. */
import type { ErrorValue } from './outcome.ts';

/** `t_<26 characters>` for a root, `<root>.<12 characters>` for a child, `<child>.<index>` for a member of a gather. */
export type TaskId = string;
/** One process start of one worker. A restarted worker is another session. */
export type SessionId = string;

export const taskStates = ['pending', 'running', 'suspended', 'succeeded', 'failed', 'cancelled'] as const;
export type TaskState = (typeof taskStates)[number];
export type SettledState = 'succeeded' | 'failed' | 'cancelled';

export const isSettled = (state: TaskState): state is SettledState =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

export interface ChildCounts {
  total: number;
  pending: number;
  /** Started and not settled, the suspended ones included. */
  running: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

export interface RetryView {
  /** Attempts that have failed and were retried. */
  failures: number;
  /** Of the last one. */
  error: ErrorValue;
  /** When the next attempt begins, while the task waits for it. */
  at: string | null;
}

/** What REST answers about a task. Times are RFC 3339 in UTC, taken from the store's clock. */
export interface TaskView {
  id: TaskId;
  coroutine: string;
  name?: string;
  state: TaskState;
  /** Present when succeeded, `null` included. */
  result?: unknown;
  /** Present when failed or cancelled. */
  error?: ErrorValue;
  parentId: TaskId | null;
  rootId: TaskId;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** How often a worker has begun to run it; 0 before the first time. Workers that died count, see `retry` for others. */
  attempt: number;
  /** Present once an attempt of its coroutine has failed and was retried. */
  retry?: RetryView;
  /** The session that runs it, or ran it last. */
  worker: SessionId | null;
  progress: unknown;
  children: ChildCounts;
  /** A cancel was requested and the task has not ended yet. */
  cancelRequested?: boolean;
  /** Pending, and no live worker knows its coroutine. */
  unroutable?: boolean;
  /** Of the trace that its tree belongs to, if there is one: 32 hex digits. */
  traceId?: string;
}

export interface TaskTree extends TaskView {
  nodes: TaskTree[];
  /** So many children more than `nodes` shows. */
  omitted: number;
}

export interface TaskLogs {
  task: TaskId;
  entries: unknown[];
}

export interface WorkerView {
  id: SessionId;
  state: 'up' | 'draining' | 'lost';
  host: string;
  pid: number;
  version: string;
  slots: number;
  running: number;
  suspended: number;
  coroutines: string[];
  /** Its event loop has not turned for several seconds: a coroutine holds it. */
  stuck?: boolean;
}

export interface CoroutineView {
  name: string;
  /** JSON Schema (2020-12) of the arguments, when the coroutine declares one. */
  argsSchema?: unknown;
  /** Hash of the source that defines it; several when workers disagree. */
  versions: string[];
  /** Live workers that can run it. */
  workers: number;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}
