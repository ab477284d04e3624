/**
 * Which tasks and groups there are, and which members of groups are still in the backlog: known, counted, and no tasks
 * of their own until they are dispatched or cancelled one by one.
 */
import { memberId } from '../contract/ids.ts';
import type { GroupMember, NewGroup, NewRoot, Spawn, Token } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { type MemoryGroup, type MemoryTask, newGroup, newTask, newTree } from './memory-task.ts';

export class TaskTable {
  readonly #tasks = new Map<TaskId, MemoryTask>();
  readonly #groups = new Map<TaskId, MemoryGroup>();
  /** By claim and group. */
  readonly #staged = new Map<string, GroupMember[]>();

  get(id: TaskId): MemoryTask | undefined {
    return this.#tasks.get(id);
  }

  group(id: TaskId): MemoryGroup | undefined {
    return this.#groups.get(id);
  }

  /** The group that this is a member of. */
  groupOf(id: TaskId): MemoryGroup | undefined {
    return this.#groups.get(id.slice(0, id.lastIndexOf('.')));
  }

  /** For views: a member in the backlog is shown as the pending task that it will be. */
  show(id: TaskId): MemoryTask | undefined {
    return this.#tasks.get(id) ?? this.#inBacklog(id, memberOf);
  }

  roots(): TaskId[] {
    return [...this.#tasks.values()].flatMap(({ id, parent }) => (parent === undefined ? [id] : []));
  }

  addRoot({ id, coroutine, args, options, resultTtlMs, idempotency }: NewRoot, createdAt: number): MemoryTask {
    const work = { coroutine, args, options };
    const tree = newTree(resultTtlMs, idempotency?.key);
    const identity = { id, work, tree, born: 0, parent: undefined, op: -1, member: undefined, createdAt };
    return this.#keep(newTask(identity));
  }

  remove({ id, groups }: MemoryTask): void {
    this.#tasks.delete(id);
    for (const group of groups) this.#groups.delete(group.id);
  }

  /** Names of all that is kept. */
  kept(): string[] {
    return [
      ...[...this.#tasks.keys()].map((id) => `task:${id}`),
      ...[...this.#groups.keys()].map((id) => `group:${id}`),
      ...[...this.#staged.keys()].map((id) => `staged:${id}`),
    ];
  }

  /** Undefined when it is there already. */
  addChild(parent: MemoryTask, spawn: Spawn, createdAt: number): MemoryTask | undefined {
    const { id, op, coroutine, args, options } = spawn;
    if (this.#tasks.has(id)) return undefined;
    const { tree } = parent;
    addChildren(parent, [id]);
    const work = { coroutine, args, options };
    return this.#keep(newTask({ id, work, tree, born: tree.born, parent, op, member: undefined, createdAt }));
  }

  /** Undefined when it is there already. */
  addGroup(parent: MemoryTask, spec: NewGroup, createdAt: number): MemoryGroup | undefined {
    if (this.#groups.has(spec.id)) return undefined;
    const staged = `${parent.claim?.token} ${spec.id}`;
    const members = [...(this.#staged.get(staged) ?? []), ...spec.members];
    this.#staged.delete(staged);
    addChildren(
      parent,
      members.map((_, index) => memberId(spec.id, index)),
    );
    const group = newGroup(spec, members, parent, parent.tree.born, createdAt);
    this.#groups.set(group.id, group);
    parent.groups.push(group);
    return group;
  }

  staged(group: TaskId, token: Token): number {
    return this.#staged.get(`${token} ${group}`)?.length ?? 0;
  }

  /** Members from number `from` on; those that were staged there before are replaced. False: some before are missing. */
  stage(group: TaskId, token: Token, from: number, members: readonly GroupMember[]): boolean {
    if (this.#groups.has(group)) return true;
    const staged = `${token} ${group}`;
    const before = this.#staged.get(staged) ?? [];
    if (before.length < from) return false;
    this.#staged.set(staged, [...before.slice(0, from), ...members]);
    return true;
  }

  /** The task of that id, taken out of the backlog if it is there. */
  enlist(id: TaskId): MemoryTask | undefined {
    return this.#tasks.get(id) ?? this.#inBacklog(id, (group, index) => this.#enlist(group, index));
  }

  /** The first member of the backlog, as a task. */
  enlistNext(group: MemoryGroup): MemoryTask {
    return this.#enlist(group, group.next);
  }

  #enlist(group: MemoryGroup, index: number): MemoryTask {
    const task = this.#keep(memberOf(group, index));
    group.tasks[index] = task;
    group.live++;
    while (group.tasks[group.next] !== undefined) group.next++;
    return task;
  }

  #keep(task: MemoryTask): MemoryTask {
    this.#tasks.set(task.id, task);
    task.tree.tasks.push(task);
    return task;
  }

  #inBacklog(id: TaskId, use: (group: MemoryGroup, index: number) => MemoryTask): MemoryTask | undefined {
    const group = this.groupOf(id);
    const index = Number(id.slice(id.lastIndexOf('.') + 1));
    if (group?.members[index] === undefined || group.tasks[index] !== undefined) return undefined;
    return id === memberId(group.id, index) ? use(group, index) : undefined;
  }
}

function addChildren(parent: MemoryTask, children: readonly TaskId[]): void {
  for (const id of children) parent.children.push(id);
  parent.counts.total += children.length;
  parent.counts.pending += children.length;
  parent.tree.live += children.length;
  parent.tree.born++;
}

function memberOf(group: MemoryGroup, index: number): MemoryTask {
  const { parent, op, born, createdAt } = group;
  const { tree } = parent;
  const work = group.members[index] as GroupMember;
  return newTask({
    id: memberId(group.id, index),
    work,
    tree,
    born,
    parent,
    op,
    member: { group, index },
    createdAt,
  });
}
