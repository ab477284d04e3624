/**
 * One partition of the memory store, and every way in which a task of it changes its state.
 *
 * Owns: the transitions pending -> running <-> suspended -> settled with all that hangs on them: counts of the parent,
 * decision of the group, event to the parent, end of the tree. Does not own: who may ask for one (tokens are checked by
 * the callers), which tasks there are (TaskTable), the order of those that wait (ReadyQueue), leases (Sessions).
 * T1 `finish` is called for unsettled tasks only. T3 each transition leaves the task in exactly one place.
 * T4, T5 `moveTo` is the only place that writes `state`, and the counts follow there.
 */
import type { Hint } from '../contract/dispatch.ts';
import type { TaskEvent } from '../contract/history.ts';
import type { Outcome } from '../contract/outcome.ts';
import type {
  BegunMembers,
  Cancel,
  NewGroup,
  NewRoot,
  ParkAnswer,
  ParkRequest,
  Spawn,
  Token,
} from '../contract/store.ts';
import { isSettled, type SessionId, type TaskId, type TaskState } from '../contract/task.ts';
import { type KeptTimeLimits, startBy } from '../contract/time-limits.ts';
import { cancelTreePage } from './cancel.ts';
import { Counts } from './facts.ts';
import { Heap } from './heap.ts';
import { Mail } from './mail.ts';
import { hasBacklog, type MemoryGroup, type MemoryTask, type TimerName } from './memory-task.ts';
import type { News } from './news.ts';
import { hintTtlMs, ReadyQueue } from './ready-queue.ts';
import { recordOf } from './record.ts';
import { Sessions } from './sessions.ts';
import { TaskTable } from './task-table.ts';

/** A child that was cancelled on its way to a worker gets so long to start. */
const startGraceMs = 500;

/** A task, of another partition if `abroad` is given. */
export interface Waiter {
  id: TaskId;
  abroad?: number;
}

export class Partition {
  readonly counts = new Counts();
  readonly table = new TaskTable();
  readonly sessions = new Sessions();
  readonly queue = new ReadyQueue((group) => this.table.enlistNext(group));
  readonly timers = new Heap<{ due: number; task: MemoryTask; name: TimerName }>((a, b) => a.due - b.due);
  readonly expiring = new Heap<{ due: number; root: MemoryTask }>((a, b) => a.due - b.due);
  /** Tasks of trees whose time is over. */
  readonly removal: MemoryTask[] = [];
  /** Idempotency keys. */
  readonly keys = new Map<string, { fingerprint: string; id: TaskId; until: number }>();
  /** Clients hear of their end. */
  readonly watched = new Set<TaskId>();
  /** Clients hear of each commit. */
  readonly followed = new Set<TaskId>();
  /** Who wants to be told of the end of a task, and under which operation. */
  readonly waiters = new Map<TaskId, { waiter: Waiter; op: number }[]>();
  /** Tasks that wait for others by their ids, and when to look whether they wait in a circle. */
  readonly checks = new Map<MemoryTask, number>();
  readonly mail = new Mail();
  /** The partition of a task that lies in another one. */
  readonly abroad: (id: TaskId) => number | undefined;
  /** Roots whose coroutine has ended and whose tree has not. */
  readonly ending = new Set<MemoryTask>();
  readonly now: () => number;
  readonly #news: News;

  constructor(now: () => number, news: News, abroad: (id: TaskId) => number | undefined) {
    this.now = now;
    this.abroad = abroad;
    this.#news = news;
  }

  readonly serves = (coroutine: string): boolean => this.sessions.serves(coroutine);

  /** The task that is claimed under this token (T2). */
  claimed(id: TaskId, token: Token): MemoryTask | undefined {
    const task = this.table.get(id);
    return task?.claim?.token === token ? task : undefined;
  }

  /** What goes on its way to workers now: as much as there are slots that nobody uses. */
  take(): Hint[] {
    return this.queue.take(this.freeSlots(), this.serves, this.now());
  }

  /** Slots that no task uses; hints may be on their way to them. */
  freeSlots(): number {
    let running = this.counts.states.running - this.ending.size;
    for (const session of this.sessions.all()) running -= session.draining ? session.claimed.size : session.resting;
    return this.sessions.slots() - Math.max(0, running);
  }

  // --- how a task begins

  addRoot(root: NewRoot): void {
    this.counts.create(1);
    const task = this.table.addRoot(root, this.now());
    this.#mustStart(task);
    this.queue.add(task);
  }

  addChild(parent: MemoryTask, spawn: Spawn): void {
    const child = this.table.addChild(parent, spawn, this.now());
    if (child === undefined) return;
    this.counts.create(1);
    this.#mustStart(child);
    this.queue.add(child);
  }

  addGroup(parent: MemoryTask, spec: NewGroup): void {
    const group = this.table.addGroup(parent, spec, this.now());
    if (group === undefined) return;
    this.counts.create(group.members.length);
    this.counts.openGathers++;
    if (spec.begun !== undefined) this.#haveBegun(group, spec.begun);
    if (group.members.length === 0) this.#decide(group, undefined);
    else this.queue.addGroup(group);
  }

  /** Its first members; when all have ended, the parent has its event already. */
  #haveBegun(group: MemoryGroup, { token, results, running }: BegunMembers): void {
    const [, session = '', nonce = ''] = /^1:(.*):([^:]*)$/.exec(token) ?? [];
    const members = Array.from({ length: results.length + running }, () => this.table.enlistNext(group));
    for (const member of members) this.start(member, session, nonce);
    if (results.length === group.members.length) this.#close(group);
    for (const [index, payload] of results.entries()) {
      const member = members[index] as MemoryTask;
      member.settledBy = token;
      this.finish(member, { state: 'succeeded', payload });
    }
  }

  /** A task that must start by a certain time. */
  #mustStart(task: MemoryTask): void {
    const by = startBy(JSON.parse(task.work.options) as KeptTimeLimits, task.createdAt);
    if (by === undefined) return;
    task.startBy = by;
    this.setTimer(task, 'limit', by.at - task.createdAt);
  }

  /** It is too late to start it; false when it is not. */
  endLate(task: MemoryTask): boolean {
    const { startBy } = task;
    if (startBy === undefined || this.now() < startBy.at) return false;
    this.finish(task, { state: 'failed', payload: startBy.error });
    return true;
  }

  /** The sweep has found a time limit over. */
  reachLimit(task: MemoryTask): void {
    if (!this.endLate(task) && task.parked !== undefined) this.#wake(task);
  }

  start(task: MemoryTask, session: SessionId, nonce: string): void {
    this.queue.remove(task);
    task.attempt++;
    task.worker = session;
    task.startedAt ??= this.now();
    if (task.retrying !== undefined) task.begunAt = this.now();
    task.begunAt ??= this.now();
    task.retrying = undefined;
    if (task.startBy !== undefined) task.timers.delete('limit');
    task.startBy = undefined;
    task.claim = { session, nonce, token: `${task.attempt}:${session}:${nonce}` };
    this.sessions.get(session)?.claimed.add(task);
    this.moveTo(task, 'running');
    this.tellFollowers(task);
  }

  tellFollowers({ id }: MemoryTask): void {
    if (this.followed.has(id)) this.#news.tell(undefined, id);
  }

  /** Nobody runs it until something happens; decided against what has happened already. */
  park({ id, token, known, wakeMs }: ParkRequest): ParkAnswer {
    const task = this.table.get(id);
    if (task === undefined) return 'fenced';
    if (task.parked === token) return 'parked';
    if (task.claim?.token !== token) return 'fenced';
    if (task.state !== 'suspended' || task.inbox.length !== known) return 'news';
    this.#dropClaim(task);
    Object.assign(task, { parked: token, known });
    if (wakeMs !== undefined) this.setTimer(task, 'limit', wakeMs);
    return 'parked';
  }

  /** The same attempt goes on, which the claim will count again. */
  #wake(task: MemoryTask): void {
    task.parked = undefined;
    task.attempt--;
    this.revive(task);
  }

  /** Takes the claim away and lets others run it. */
  revive(task: MemoryTask): void {
    this.#dropClaim(task);
    this.moveTo(task, 'pending');
    task.waitsSince = this.now();
    this.queue.revive(task);
  }

  moveTo(task: MemoryTask, state: TaskState): void {
    const counts = task.parent?.counts;
    if (counts !== undefined) {
      counts[task.state === 'suspended' ? 'running' : task.state]--;
      counts[state === 'suspended' ? 'running' : state]++;
    }
    this.counts.states[task.state]--;
    this.counts.states[state]++;
    task.state = state;
  }

  /** The timer that is due next; what was cleared before is forgotten on the way. */
  nextTimer(): { due: number } | undefined {
    for (let next = this.timers.peek(); next !== undefined; next = this.timers.peek()) {
      if (next.task.timers.get(next.name) === next.due) return next;
      this.timers.pop();
    }
    return undefined;
  }

  setTimer(task: MemoryTask, name: TimerName, ms: number): void {
    const due = this.now() + ms;
    task.timers.set(name, due);
    this.timers.push({ due, task, name });
  }

  // --- how an attempt ends, and another begins

  retry(task: MemoryTask, { ms, firstOp }: { ms: number; firstOp: number }, error: string): void {
    this.#dropClaim(task);
    task.timers.clear();
    task.history.length = 0;
    task.inbox.length = 0;
    task.abroad.clear();
    const { length: loggedBefore } = task.logs;
    Object.assign(task, {
      known: 0,
      crashes: 0,
      firstOp,
      loggedBefore,
      retryError: error,
      retrying: { ms, at: undefined },
    });
    task.failures++;
    this.moveTo(task, 'pending');
    this.tellFollowers(task);
    const wave = `retry:${task.id}:${firstOp}`;
    for (const child of new Set(task.children.map((id) => this.table.groupOf(id) ?? this.table.get(id))))
      if (child !== undefined && 'members' in child) this.cancelGroup(child, undefined, wave);
      else if (child !== undefined) this.cancel(child, undefined, wave);
    this.#backOff(task);
  }

  /** When the children of the failed attempt have ended, the task waits for its time. */
  #backOff(task: MemoryTask): void {
    const { retrying, counts } = task;
    if (retrying?.ms === undefined || counts.pending + counts.running > 0) return;
    task.retrying = { ms: undefined, at: this.now() + retrying.ms };
    this.setTimer(task, 'retry', retrying.ms);
  }

  /** The wait is over. */
  tryAgain(task: MemoryTask): void {
    task.retrying = { ms: undefined, at: undefined };
    task.waitsSince = this.now();
    this.queue.add(task);
  }

  // --- how it ends

  /** The coroutine has ended: settles the task, or, a root with tasks below it, begins to end the tree. */
  end(task: MemoryTask, outcome: Outcome): void {
    if (task.parent !== undefined || task.tree.live === 0) {
      this.finish(task, outcome);
      return;
    }
    this.#dropClaim(task);
    this.queue.remove(task);
    task.timers.clear();
    task.retrying = undefined;
    this.moveTo(task, 'running');
    task.tree.ending = { outcome, born: task.tree.born, older: task.tree.live, cursor: 0 };
    this.ending.add(task);
  }

  finish(task: MemoryTask, outcome: Outcome): void {
    const { parent, tree, member } = task;
    this.#dropClaim(task);
    this.queue.remove(task);
    task.timers.clear();
    task.retrying = undefined;
    task.startBy = undefined;
    task.outcome = outcome;
    task.finishedAt = this.now();
    this.moveTo(task, outcome.state);
    this.counts.end(outcome.state, this.sessions.nameOf(task.work.coroutine));
    if (parent === undefined || this.watched.has(task.id))
      this.#news.tell(undefined, task.id, () => recordOf(task, this));
    if (parent === undefined) {
      this.ending.delete(task);
      this.expiring.push({ due: this.now() + tree.resultTtlMs, root: task });
      this.#tellWaiters(task, outcome);
      return;
    }
    if (member !== undefined) this.#memberEnded(member.group, member.index, outcome);
    else this.deliver(parent, { kind: 'settled', op: task.op, outcome });
    this.#backOff(parent);
    this.#tellWaiters(task, outcome);
    tree.live--;
    this.#endTree(task);
  }

  #tellWaiters({ id }: MemoryTask, outcome: Outcome): void {
    for (const { waiter, op } of this.waiters.get(id) ?? []) this.tell(waiter, op, outcome);
    this.waiters.delete(id);
  }

  /** What was begun for cleaning up while the tree ended is ended in the next round, as asyncio.run does. */
  #endTree({ tree, born }: MemoryTask): void {
    const [root] = tree.tasks;
    const { ending } = tree;
    if (ending === undefined || root === undefined || isSettled(root.state)) return;
    if (born <= ending.born) ending.older--;
    if (tree.live === 0) this.finish(root, ending.outcome);
    else if (ending.older === 0) {
      Object.assign(ending, { born: tree.born, older: tree.live, cursor: 0 });
      cancelTreePage(this, root, '');
    }
  }

  /** The outcome of a task that is not its own child, for operation `op`. */
  tell({ id, abroad }: Waiter, op: number, outcome: Outcome): void {
    const task = this.table.get(id);
    if (abroad !== undefined) this.mail.post(abroad, { kind: 'settled', task: id, op, outcome });
    else if (task !== undefined) this.deliver(task, { kind: 'settled', op, outcome });
  }

  /** An event for the coroutine; one that has ended gets none, nor of what an attempt that has failed had begun. */
  deliver(task: MemoryTask, event: TaskEvent): void {
    if (isSettled(task.state) || this.ending.has(task)) return;
    if ('op' in event && event.op < task.firstOp) return;
    task.inbox.push(event);
    if (task.claim !== undefined) this.#news.tell(task.claim.session, task.id);
    else if (task.parked !== undefined) this.#wake(task);
  }

  cancel(task: MemoryTask, message: string | undefined, wave?: string | undefined, afterStart = false): void {
    if (isSettled(task.state)) return;
    const unstarted = task.startedAt === undefined && !afterStart;
    const since = this.now() + startGraceMs - hintTtlMs;
    if (task.retrying !== undefined || (unstarted && (task.parent === undefined || !this.queue.hurry(task, since))))
      this.#cancelUnstarted(task, message);
    else {
      if (unstarted) task.unstarted = { message };
      task.cancelRequested = true;
      this.deliver(task, { kind: 'cancel', message, ...(wave === undefined ? {} : { wave }) });
    }
  }

  /** The moment that a cancelled task had to start is over; false when it is no such task. */
  endUnstarted(task: MemoryTask): boolean {
    if (task.startedAt !== undefined || task.unstarted === undefined) return false;
    this.#cancelUnstarted(task, task.unstarted.message);
    return true;
  }

  #cancelUnstarted(task: MemoryTask, message: string | undefined): void {
    const error = { type: 'CancelledError', message: message ?? '' };
    this.end(task, { state: 'cancelled', payload: JSON.stringify(error) });
    if (this.ending.has(task)) cancelTreePage(this, task, '');
  }

  /** As cancel, for calls that may be sent twice: the wave is their own. */
  cancelOnce(task: MemoryTask, { message, wave, afterStart }: Cancel): void {
    const sent = task.inbox.some(
      (event) => event.kind === 'cancel' && event.message === message && event.wave === wave,
    );
    if (!sent) this.cancel(task, message, wave, afterStart);
  }

  /** Cancels the backlog of the group, then what has been dispatched. */
  cancelGroup(group: MemoryGroup, message: string | undefined, wave: string | undefined): void {
    this.cancelBacklog(group, message);
    for (const task of group.tasks) if (task !== undefined) this.cancel(task, message, wave);
  }

  cancelBacklog(group: MemoryGroup, message: string | undefined): void {
    while (hasBacklog(group)) this.cancel(this.table.enlistNext(group), message);
  }

  #memberEnded(group: MemoryGroup, index: number, { state }: Outcome): void {
    group.live--;
    group.ended++;
    if (state !== 'succeeded' && !group.returnExceptions) this.#decide(group, index);
    else if (group.ended === group.members.length) this.#decide(group, undefined);
    this.queue.addGroup(group);
  }

  #decide(group: MemoryGroup, failed: number | undefined): void {
    if (group.decidedAt !== undefined) return;
    this.#close(group);
    this.deliver(group.parent, { kind: 'group', op: group.op, failed });
  }

  #close(group: MemoryGroup): void {
    group.decidedAt = this.now();
    this.counts.openGathers--;
  }

  #dropClaim(task: MemoryTask): void {
    if (task.claim === undefined) return;
    this.sessions.get(task.claim.session)?.claimed.delete(task);
    task.claim = undefined;
  }
}
