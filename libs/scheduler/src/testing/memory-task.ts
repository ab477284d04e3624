/** What the memory store keeps of a tree, a task and a gather's group. */
import type { HistoryEntry, TaskEvent } from '../contract/history.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { GroupMember, NewGroup, Token } from '../contract/store.ts';
import type { ChildCounts, SessionId, TaskId, TaskState } from '../contract/task.ts';

export interface Tree {
  /** The root is kept so long after its end. */
  readonly resultTtlMs: number;
  /** The idempotency key of the root. */
  readonly key: string | undefined;
  /** Start time of the next task in fair queueing. */
  virtual: number;
  /** Unsettled tasks below the root, those in backlogs included. */
  live: number;
  /** How many times something was added below the root: tells what is older than the end of the root. */
  born: number;
  /** In the order of creation; the root first. */
  tasks: MemoryTask[];
  ending: Ending | undefined;
}

/** The coroutine of the root has ended, the tree has not. */
export interface Ending {
  outcome: Outcome;
  /** What was born later is part of somebody's cleanup and not cancelled. */
  born: number;
  /** Unsettled tasks that are not. */
  older: number;
  /** All tasks before this index have been cancelled. */
  cursor: number;
}

export type TimerName = number | 'retry' | 'limit';

export interface MemoryTask {
  readonly id: TaskId;
  readonly work: GroupMember;
  readonly priority: number;
  readonly tree: Tree;
  readonly born: number;
  readonly parent: MemoryTask | undefined;
  /** The operation of the parent that made it. */
  readonly op: number;
  readonly member: { group: MemoryGroup; index: number } | undefined;
  readonly createdAt: number;
  /** Since when it has been pending. */
  waitsSince: number;
  state: TaskState;
  outcome: Outcome | undefined;
  startedAt: number | undefined;
  /** When the present attempt was claimed first. */
  begunAt: number | undefined;
  /** Until it has started: when it is too late for that. */
  startBy: { at: number; error: string } | undefined;
  finishedAt: number | undefined;
  attempt: number;
  /** Workers in a row that have died while they ran it. */
  crashes: number;
  /** Deaths of workers before the first of them. */
  crashedFrom: number;
  /** Attempts of the coroutine that have failed and were retried. */
  failures: number;
  /** JSON of the error of the last of them. */
  retryError: string | undefined;
  /** Operations of the present attempt are numbered from here on. */
  firstOp: number;
  /** Entries of the log that attempts before have left. */
  loggedBefore: number;
  /** From the end of a failed attempt to the claim of the next. `ms`: the wait, until the children of the failed one have
   *  ended; `at`: when the wait is over, until then. */
  retrying: { ms: number | undefined; at: number | undefined } | undefined;
  /** Who runs it or ran it last. */
  worker: SessionId | undefined;
  claim: { session: SessionId; nonce: string; token: Token } | undefined;
  settledBy: Token | undefined;
  /** The claim that was given up when it was parked. */
  parked: Token | undefined;
  commits: number;
  /** Events that its worker had at the last commit. */
  known: number;
  readonly history: HistoryEntry[];
  readonly inbox: TaskEvent[];
  /** When each operation that waits for time is due, the next attempt, or a time limit. */
  readonly timers: Map<TimerName, number>;
  /** Tasks and groups whose ends alone can move it, while it is suspended. */
  waits: readonly TaskId[] | undefined;
  /** Operations that wait for a task of another partition. */
  readonly abroad: Set<number>;
  /** Members of groups included, in the order of creation. */
  readonly children: TaskId[];
  readonly groups: MemoryGroup[];
  readonly counts: ChildCounts;
  readonly logs: string[];
  progress: string | undefined;
  cancelRequested: boolean;
  /** It was cancelled on its way to a worker, and has a moment to start. */
  unstarted: { message: string | undefined } | undefined;
  /** Which end of the tree has cancelled it: that of its root, or an operator's. */
  swept: 'ended' | 'asked' | undefined;
}

export interface MemoryGroup {
  readonly id: TaskId;
  readonly op: number;
  readonly parent: MemoryTask;
  readonly born: number;
  readonly returnExceptions: boolean;
  readonly limit: number;
  readonly createdAt: number;
  readonly members: readonly GroupMember[];
  /** Members that have left the backlog, by index. */
  readonly tasks: (MemoryTask | undefined)[];
  /** The first index of the backlog. */
  next: number;
  /** Dispatched and unsettled. */
  live: number;
  ended: number;
  decidedAt: number | undefined;
}

type Identity = Pick<MemoryTask, 'id' | 'work' | 'tree' | 'born' | 'parent' | 'op' | 'member' | 'createdAt'>;

export const newTask = (identity: Identity): MemoryTask => ({
  ...identity,
  priority: (JSON.parse(identity.work.options) as { priority?: number }).priority ?? 0,
  waitsSince: identity.createdAt,
  state: 'pending',
  outcome: undefined,
  startedAt: undefined,
  begunAt: undefined,
  startBy: undefined,
  finishedAt: undefined,
  attempt: 0,
  crashes: 0,
  crashedFrom: 0,
  failures: 0,
  retryError: undefined,
  firstOp: 0,
  loggedBefore: 0,
  retrying: undefined,
  worker: undefined,
  claim: undefined,
  settledBy: undefined,
  parked: undefined,
  commits: 0,
  known: 0,
  history: [],
  inbox: [],
  timers: new Map(),
  waits: undefined,
  abroad: new Set(),
  children: [],
  groups: [],
  counts: { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
  logs: [],
  progress: undefined,
  cancelRequested: false,
  unstarted: undefined,
  swept: undefined,
});

export const newGroup = (
  { id, op, returnExceptions, limit }: NewGroup,
  members: readonly GroupMember[],
  parent: MemoryTask,
  born: number,
  createdAt: number,
): MemoryGroup => ({
  id,
  op,
  parent,
  born,
  returnExceptions,
  limit,
  createdAt,
  members,
  tasks: [],
  next: 0,
  live: 0,
  ended: 0,
  decidedAt: undefined,
});

export const newTree = (resultTtlMs: number, key: string | undefined): Tree => ({
  resultTtlMs,
  key,
  virtual: 0,
  live: 0,
  born: 0,
  tasks: [],
  ending: undefined,
});

/** The first of the backlog, which there is. */
export const nextMember = ({ members, next }: MemoryGroup): GroupMember => members[next] as GroupMember;

export const hasBacklog = (group: MemoryGroup): boolean => group.next < group.members.length;

/** Members that could be dispatched now. */
export const dispatchable = ({ members, next, limit, live }: MemoryGroup): number =>
  Math.min(members.length - next, limit === 0 ? members.length : limit - live);

export const mayDispatch = (group: MemoryGroup): boolean =>
  hasBacklog(group) && (group.limit === 0 || group.live < group.limit);
