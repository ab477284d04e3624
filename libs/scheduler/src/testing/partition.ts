/**
 * One partition of the memory store, and every way in which a task of it changes its state.
 *
 * Owns: the tables, and the transitions pending -> running <-> suspended -> settled with all that hangs on them (counts
 * of the parent, decision of the group, event to the parent, end of the tree). Does not own: who may ask for one (tokens
 * are checked by the callers), the order of waiting tasks (ReadyQueue), leases (Sessions).
 * T1 `finish` is called for unsettled tasks only. T3 each transition leaves the task in exactly one place.
 * T4 `moveTo` is the only place that writes `state`, and the counts follow there.
 */
import type { TaskEvent } from '../contract/history.ts';
import { memberId } from '../contract/ids.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { GroupMember, NewGroup, NewRoot, Spawn, Token } from '../contract/store.ts';
import { isSettled, type SessionId, type TaskId, type TaskState } from '../contract/task.ts';
import { Heap } from './heap.ts';
import { hasBacklog, type MemoryGroup, type MemoryTask, newGroup, newTask, newTree } from './memory-task.ts';
import type { News } from './news.ts';
import { ReadyQueue } from './ready-queue.ts';
import { Sessions } from './sessions.ts';

export class Partition {
  readonly tasks = new Map<TaskId, MemoryTask>();
  readonly groups = new Map<TaskId, MemoryGroup>();
  readonly staged = new Map<TaskId, GroupMember[]>();
  readonly keys = new Map<string, { fingerprint: string; id: TaskId; until: number }>();
  readonly watched = new Set<TaskId>();
  /** Roots whose coroutine has ended and whose tree has not. */
  readonly ending = new Set<MemoryTask>();
  readonly timers = new Heap<{ due: number; task: MemoryTask; op: number }>((a, b) => a.due - b.due);
  readonly sessions = new Sessions();
  readonly queue = new ReadyQueue((group) => this.#enlist(group, group.next));
  readonly now: () => number;
  readonly #news: News;

  constructor(now: () => number, news: News) {
    this.now = now;
    this.#news = news;
  }

  readonly serves = (coroutine: string): boolean => this.sessions.serves(coroutine);

  // --- who is there

  /** A member that was not dispatched yet is shown as the pending task that it will be. */
  find(id: TaskId): MemoryTask | undefined {
    return this.tasks.get(id) ?? this.#inBacklog(id, (group, index) => this.#member(group, index));
  }

  /** The task that holds the claim with this token. */
  claimed(id: TaskId, token: Token): MemoryTask | undefined {
    const task = this.tasks.get(id);
    return task?.claim?.token === token ? task : undefined;
  }

  addRoot({ id, coroutine, args, options }: NewRoot): void {
    const work = { coroutine, args, options };
    const identity = { id, work, tree: newTree(), born: 0, parent: undefined, op: -1, member: undefined };
    this.queue.add(this.#keep(newTask({ ...identity, createdAt: this.now() })));
  }

  addChild(parent: MemoryTask, { id, op, coroutine, args, options }: Spawn): void {
    if (this.tasks.has(id)) return;
    const { tree } = parent;
    const work = { coroutine, args, options };
    this.#grow(parent, [id]);
    this.queue.add(
      this.#keep(newTask({ id, work, tree, born: tree.born, parent, op, member: undefined, createdAt: this.now() })),
    );
  }

  addGroup(parent: MemoryTask, spec: NewGroup): void {
    if (this.groups.has(spec.id)) return;
    const members = [...(this.staged.get(spec.id) ?? []), ...spec.members];
    this.staged.delete(spec.id);
    this.#grow(
      parent,
      members.map((_, index) => memberId(spec.id, index)),
    );
    const group = newGroup(spec, members, parent, parent.tree.born, this.now());
    this.groups.set(group.id, group);
    parent.groups.push(group);
    if (members.length === 0) this.#decide(group, undefined);
    else this.queue.addGroup(group);
  }

  // --- what happens to a task

  start(task: MemoryTask, session: SessionId, nonce: string): void {
    this.queue.remove(task);
    task.attempt++;
    task.worker = session;
    task.startedAt ??= this.now();
    task.claim = { session, nonce, token: `${task.attempt}:${session}:${nonce}` };
    this.sessions.get(session)?.claimed.add(task);
    this.moveTo(task, 'running');
  }

  /** Takes the claim away and lets others run it. */
  revive(task: MemoryTask): void {
    this.#dropClaim(task);
    this.moveTo(task, 'pending');
    this.queue.revive(task);
  }

  moveTo(task: MemoryTask, state: TaskState): void {
    const counts = task.parent?.counts;
    if (counts !== undefined) {
      counts[task.state === 'suspended' ? 'running' : task.state]--;
      counts[state === 'suspended' ? 'running' : state]++;
    }
    task.state = state;
  }

  /** The coroutine has ended: settles the task, or, a root with tasks below it, begins to end the tree. */
  end(task: MemoryTask, outcome: Outcome): void {
    if (task.parent !== undefined || task.tree.live === 0) {
      this.finish(task, outcome);
      return;
    }
    this.#dropClaim(task);
    task.timers.clear();
    this.moveTo(task, 'running');
    task.tree.ending = { outcome, born: task.tree.born, cursor: 0 };
    this.ending.add(task);
  }

  finish(task: MemoryTask, outcome: Outcome): void {
    const { parent, tree, member } = task;
    this.#dropClaim(task);
    this.queue.remove(task);
    task.timers.clear();
    task.outcome = outcome;
    task.finishedAt = this.now();
    this.moveTo(task, outcome.state);
    if (parent === undefined || this.watched.has(task.id)) this.#news.tell(undefined, task.id);
    if (parent === undefined) {
      this.ending.delete(task);
      return;
    }
    if (member !== undefined) this.#memberEnded(member.group, member.index, outcome);
    else this.deliver(parent, { kind: 'settled', op: task.op, outcome });
    tree.live--;
    const [root] = tree.tasks;
    if (tree.live === 0 && tree.ending !== undefined && root !== undefined) this.finish(root, tree.ending.outcome);
  }

  /** An event for the coroutine; one that has ended gets none. */
  deliver(task: MemoryTask, event: TaskEvent): void {
    if (isSettled(task.state) || this.ending.has(task)) return;
    task.inbox.push(event);
    if (task.claim !== undefined) this.#news.tell(task.claim.session, task.id);
  }

  cancel(task: MemoryTask, message: string | undefined): void {
    if (isSettled(task.state)) return;
    if (task.startedAt === undefined) {
      const error = { type: 'CancelledError', message: message ?? '' };
      this.finish(task, { state: 'cancelled', payload: JSON.stringify(error) });
    } else {
      task.cancelRequested = true;
      this.deliver(task, { kind: 'cancel', message });
    }
  }

  /** Takes a task out of its group's backlog, so that it can be cancelled on its own. */
  enlist(id: TaskId): MemoryTask | undefined {
    return this.tasks.get(id) ?? this.#inBacklog(id, (group, index) => this.#enlist(group, index));
  }

  /** Cancels the backlog of the group, then what has been dispatched. */
  cancelGroup(group: MemoryGroup, message: string | undefined): void {
    this.cancelBacklog(group, message);
    for (const task of group.tasks) if (task !== undefined) this.cancel(task, message);
  }

  cancelBacklog(group: MemoryGroup, message: string | undefined): void {
    while (hasBacklog(group)) this.cancel(this.#enlist(group, group.next), message);
  }

  // --- details

  #grow(parent: MemoryTask, children: readonly TaskId[]): void {
    for (const id of children) parent.children.push(id);
    parent.counts.total += children.length;
    parent.counts.pending += children.length;
    parent.tree.live += children.length;
    parent.tree.born++;
  }

  #keep(task: MemoryTask): MemoryTask {
    this.tasks.set(task.id, task);
    task.tree.tasks.push(task);
    return task;
  }

  #member(group: MemoryGroup, index: number): MemoryTask {
    const { parent, op, born, createdAt } = group;
    const work = group.members[index] as GroupMember;
    return newTask({
      id: memberId(group.id, index),
      work,
      tree: parent.tree,
      born,
      parent,
      op,
      member: { group, index },
      createdAt,
    });
  }

  #enlist(group: MemoryGroup, index: number): MemoryTask {
    const task = this.#keep(this.#member(group, index));
    group.tasks[index] = task;
    group.live++;
    while (group.tasks[group.next] !== undefined) group.next++;
    return task;
  }

  #inBacklog<T>(id: TaskId, use: (group: MemoryGroup, index: number) => T): T | undefined {
    const dot = id.lastIndexOf('.');
    const group = this.groups.get(id.slice(0, dot));
    const index = Number(id.slice(dot + 1));
    if (group?.members[index] === undefined || group.tasks[index] !== undefined) return undefined;
    if (id !== memberId(group.id, index)) return undefined;
    return use(group, index);
  }

  #memberEnded(group: MemoryGroup, index: number, { state }: Outcome): void {
    group.live--;
    group.ended++;
    if (state !== 'succeeded' && !group.returnExceptions) this.#decide(group, index);
    else if (group.ended === group.members.length) this.#decide(group, undefined);
    this.queue.addGroup(group);
  }

  #decide(group: MemoryGroup, failed: number | undefined): void {
    if (group.decided) return;
    group.decided = true;
    this.deliver(group.parent, { kind: 'group', op: group.op, failed });
  }

  #dropClaim(task: MemoryTask): void {
    if (task.claim === undefined) return;
    this.sessions.get(task.claim.session)?.claimed.delete(task);
    task.claim = undefined;
  }
}
