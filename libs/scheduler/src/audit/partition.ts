/** One partition as the rules ask about it: the snapshot, and what follows from it by counting. */
import { memberOf, rootOf } from '../contract/ids.ts';
import { isSettled, type SessionId, type TaskId } from '../contract/task.ts';
import type { CountName, GroupRow, TaskRow } from './rows.ts';
import type { Snapshot } from './snapshot.ts';
import { claimsOf } from './whole.ts';

export interface Violation {
  /** The invariant, by its number (contract/store.ts, docs/architecture.md). */
  rule: string;
  /** The task, or the key when it is about no task. */
  task: string;
  reason: string;
}

export interface Wait {
  task: TaskId;
  /** Why it will move. */
  because: string;
}

/** Gaps of less than this are the ordinary course of things: rounds come once a second, a hint is overdue after two. */
export const patienceMs = 5_000;
/** A session is given up after 3.5 s of the store's up-time without a beat; a sweep may come a second later. */
const leaseMs = 3_500;

const none: ReadonlySet<string> = new Set();
const nothing: ReadonlyMap<string, number> = new Map();

export class Partition {
  readonly snapshot: Snapshot;
  readonly violations: Violation[] = [];
  readonly waits: Wait[] = [];
  /** Somebody works on this store now, so what is overdue is a fault; in a copy nobody does. */
  readonly alive: boolean;
  /** The tasks that each session has claimed. */
  readonly claims: ReadonlyMap<SessionId, ReadonlySet<TaskId>>;
  readonly #claimedBy = new Map<TaskId, SessionId[]>();
  /** Records of members, by group. */
  readonly members = new Map<TaskId, TaskRow[]>();
  readonly childrenOf = new Map<TaskId, TaskRow[]>();
  /** `<task>:<operation>` of those who wait for a task besides its parent. */
  readonly awaited = new Map<TaskId, TaskId[]>();
  /** Of their operations. */
  readonly timersOf = new Map<TaskId, number>();
  readonly groupsOf = new Map<TaskId, GroupRow[]>();

  constructor(snapshot: Snapshot, alive: boolean) {
    this.snapshot = snapshot;
    this.alive = alive;
    this.claims = claimsOf(snapshot);
    for (const [session, ids] of this.claims) for (const id of ids) push(this.#claimedBy, id, session);
    for (const task of snapshot.tasks.values()) {
      if (task.group !== undefined) push(this.members, task.group, task);
      if (task.parent !== undefined) push(this.childrenOf, task.parent, task);
    }
    for (const [target, waiters] of this.sets('waiters'))
      for (const waiter of waiters) push(this.awaited, waiter.replace(/:\d+$/, ''), target);
    for (const timer of this.sorted('timers').keys()) {
      const id = timer.replace(/:\d+$/, '');
      if (id !== timer) this.timersOf.set(id, (this.timersOf.get(id) ?? 0) + 1);
    }
    for (const group of snapshot.groups.values()) push(this.groupsOf, group.parent, group);
  }

  violated(rule: string, task: string, reason: string): void {
    this.violations.push({ rule, task, reason });
  }

  moves(task: TaskId, because: string): void {
    this.waits.push({ task, because });
  }

  sets(kind: string): ReadonlyMap<string, ReadonlySet<string>> {
    return this.snapshot.sets.get(kind) ?? new Map();
  }

  set(kind: string, rest: string): ReadonlySet<string> {
    return this.sets(kind).get(rest) ?? none;
  }

  sorted(key: string): ReadonlyMap<string, number> {
    return this.snapshot.sorted.get(key) ?? nothing;
  }

  list(kind: string, rest: string): readonly string[] {
    return this.snapshot.lists.get(kind)?.get(rest) ?? [];
  }

  length(kind: string, rest: string): number {
    return this.snapshot.lengths.get(kind)?.get(rest) ?? 0;
  }

  number(key: string): number {
    return Number.parseInt(this.snapshot.texts.get(key)?.get('') ?? '0', 10);
  }

  claimers(id: TaskId): readonly SessionId[] {
    return this.#claimedBy.get(id) ?? [];
  }

  /** Known to the store and given up by it neither wholly nor in part. */
  lives(session: SessionId): boolean {
    return this.sorted('sessions').has(session) && this.snapshot.sessions.get(session)?.lost === false;
  }

  /** The store is about to take everything back from it. */
  isExpired(session: SessionId): boolean {
    const beat = this.sorted('sessions').get(session);
    return beat === undefined || this.number('uptime') - beat > leaseMs;
  }

  isServed(coroutine: string): boolean {
    return this.set('serves', coroutine).size > 0;
  }

  isSettled(id: TaskId): boolean {
    const task = this.snapshot.tasks.get(id);
    if (task !== undefined) return isSettled(task.state);
    return this.stateOfMember(id) === 'cancelled';
  }

  /** Of a member that has no record of its own: it waits in the backlog, or ended there. */
  stateOfMember(id: TaskId): Extract<CountName, 'pending' | 'cancelled'> | undefined {
    const { group: groupId = '', index = '' } = memberOf(id) ?? {};
    const group = this.snapshot.groups.get(groupId);
    if (group === undefined || Number(index) >= group.size || this.hasLeft(groupId, index)) return undefined;
    if (group.dropped !== undefined) return Number(index) >= group.dropped ? 'cancelled' : undefined;
    return Number(index) >= group.popped ? 'pending' : undefined;
  }

  /** It is, or was, a record of its own. */
  hasLeft(group: TaskId, index: string): boolean {
    return this.snapshot.hashes.get('entries')?.get(group)?.get(index) === '@';
  }

  root(id: TaskId): TaskRow | undefined {
    return this.snapshot.tasks.get(rootOf(id));
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
