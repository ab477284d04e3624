/** What is kept of trees that have ended, and how it goes (lua/shared/remove.lua). */
import type { Partition } from './partition.ts';

/** A page of the settled trees whose time is over, each root first; how many tasks. */
export function removeExpired(part: Partition, most: number): number {
  const { expiring, removal, table } = part;
  let removed = 0;
  while (removed < most) {
    const next = expiring.peek();
    if (removal.length === 0 && next !== undefined && next.due <= part.now()) {
      expiring.pop();
      const { id, tree } = next.root;
      if (tree.key !== undefined && part.keys.get(tree.key)?.id === id) part.keys.delete(tree.key);
      removal.push(...tree.tasks.toReversed());
    }
    const task = removal.pop();
    if (task === undefined) break;
    table.remove(task);
    part.watched.delete(task.id);
    part.followed.delete(task.id);
    removed++;
  }
  return removed;
}

/** Names of all that is kept for tasks: for tests that look for leaks. */
export function kept(part: Partition): string[] {
  return [
    ...part.table.kept(),
    ...part.queue.kept(),
    ...[...part.keys.keys()].map((key) => `idempotency:${key}`),
    ...[...part.watched, ...part.followed].map((id) => `watched:${id}`),
    ...[...part.waiters.keys()].map((id) => `waiters:${id}`),
    ...[...part.ending].map(({ id }) => `ending:${id}`),
    ...part.removal.map(({ id }) => `removal:${id}`),
  ];
}
