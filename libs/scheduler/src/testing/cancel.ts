/** Cancels from outside: of one task, and of all tasks below a root. Those of a task's own turn are in turns.ts. */
import type { Cancel, CancelAnswer } from '../contract/store.ts';
import { isSettled, type TaskId } from '../contract/task.ts';
import type { MemoryTask } from './memory-task.ts';
import type { Partition } from './partition.ts';

const tasksPerCall = 500;

export function cancelTask(part: Partition, cancel: Cancel): CancelAnswer {
  const task = part.table.enlist(cancel.id);
  if (task === undefined) return 'unknown';
  if (isSettled(task.state)) return 'settled';
  part.cancelOnce(task, cancel);
  return 'requested';
}

/** Cancels what the task has created from number `after` on. */
export function cancelChildrenPage(
  part: Partition,
  parent: MemoryTask,
  cancel: Cancel,
  after: string,
): { parents: TaskId[]; next: string | undefined } {
  const from = after === '' ? 0 : Number(after);
  const page = parent.children.slice(from, from + tasksPerCall);
  for (const group of parent.groups) part.cancelBacklog(group, cancel.message);
  const children = page.flatMap((id) => part.table.get(id) ?? []);
  for (const child of children) part.cancelOnce(child, cancel);
  const parents = children.filter(({ counts }) => counts.total > 0).map(({ id }) => id);
  return { parents, next: from + page.length < parent.children.length ? String(from + page.length) : undefined };
}

/** Cancels tasks below the root, in the order of creation, each once for one end of the tree. */
export function cancelTreePage(part: Partition, root: MemoryTask, after: string): string | undefined {
  const { tasks, ending } = root.tree;
  const from = after === '' ? 0 : Number(after);
  const mark = ending === undefined ? 'asked' : 'ended';
  const oldEnough = ending?.born ?? root.tree.born;
  const wave = `${ending === undefined ? 'tree' : 'end'}:${root.id}`;
  const page = tasks.slice(from, from + tasksPerCall);
  for (const task of page) {
    for (const group of task.groups) if (group.born <= oldEnough) part.cancelBacklog(group, undefined);
    if (task === root || task.swept === mark || task.born > oldEnough) continue;
    task.swept = mark;
    part.cancel(task, undefined, wave);
  }
  const next = from + page.length;
  if (ending !== undefined && from <= ending.cursor) ending.cursor = Math.max(ending.cursor, next);
  return next < tasks.length ? String(next) : undefined;
}
