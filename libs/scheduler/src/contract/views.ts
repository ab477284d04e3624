/** The port for reading: what people and the API look at. No method changes the state of a task. */
import type { ClusterFacts } from './cluster.ts';
import type { HistoryEntry, TaskEvent } from './history.ts';
import type { Outcome } from './outcome.ts';
import type { ChildCounts, CoroutineView, SessionId, TaskId, TaskState, WorkerView } from './task.ts';

/** One task as the store knows it. Times in milliseconds of the store's clock. */
export interface TaskRecord {
  id: TaskId;
  coroutine: string;
  options: string;
  state: TaskState;
  outcome: Outcome | undefined;
  parent: TaskId | undefined;
  createdAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  attempt: number;
  /** Attempts that have failed and were retried; `error`: JSON of the last ErrorValue; `at`: of the next attempt. */
  retry: { failures: number; error: string; at: number | undefined } | undefined;
  worker: SessionId | undefined;
  /** JSON. */
  progress: string | undefined;
  children: ChildCounts;
  cancelRequested: boolean;
  stranded: boolean;
}

export interface ListQuery {
  /** Ids sort by time. Only roots older than this one; undefined: from the newest. */
  before: TaskId | undefined;
  count: number;
}

export interface StoreHealth {
  ok: boolean;
  /** What is wrong, in words for an operator; empty when ok. */
  reasons: string[];
  /** Those of the reasons that do not pass by waiting: no process of a cluster starts on such a store. */
  unfit: string[];
  /** What works and is not advisable. */
  warnings: string[];
  version: string;
}

export interface Views {
  /** Members of a gather that were not dispatched yet are shown as pending. */
  records(ids: readonly TaskId[]): Promise<(TaskRecord | undefined)[]>;
  /** Asks for news of this task by `Store.listen` once it is settled, or at each commit (`follow`), and tells how it stands
   *  then. */
  watch(id: TaskId, follow?: boolean): Promise<TaskRecord | undefined>;
  /** Ids of roots of all partitions, newest (greatest) first. */
  roots(query: ListQuery): Promise<TaskId[]>;
  /** Ids of children in the order of creation. */
  children(id: TaskId, from: number, count: number): Promise<{ ids: TaskId[]; total: number }>;
  /** Log entries (JSON each) of the task and of everything below it, in the order of creation of the tasks. */
  logs(id: TaskId): Promise<{ task: TaskId; entries: string[] }[]>;
  /** Log entries (JSON each) of this task alone, from number `from` on. */
  entries(id: TaskId, from: number, count: number): Promise<string[]>;
  /** What a run of the task begins with: JSON, and the number of its first operation. Undefined for a task that has no
   *  record of its own. */
  origin(id: TaskId): Promise<{ args: string; firstOp: number } | undefined>;
  /** Entries of the history from number `from` on. */
  history(id: TaskId, from: number, count: number): Promise<HistoryEntry[]>;
  /** Events of the inbox from number `from` on; fewer than asked for when they are large, but one at least. */
  inbox(id: TaskId, from: number, count: number): Promise<TaskEvent[]>;
  workers(): Promise<WorkerView[]>;
  coroutines(): Promise<CoroutineView[]>;
  /** One cheap call a partition, to be made as often as once a second. */
  cluster(): Promise<ClusterFacts>;
  health(): Promise<StoreHealth>;
}
