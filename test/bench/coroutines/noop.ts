/** The workloads of `npm run bench` on Corral's side. */
import { coroutine, type Loop } from '@corral/scheduler';
import { compute } from '../compute.ts';
import { checkInOrder, type Item, items } from '../items.ts';

export const echo = coroutine('bench.echo', async (_loop, item: Item) => item);

/** A gather of so many echoes. */
export const echoes = coroutine('bench.gather', async (loop, { count }: { count: number }) => {
  const answers = await loop.gather(items(count).map((item) => echo(item)));
  checkInOrder(answers, count);
  return count;
});

export const busy = coroutine('bench.busy', async (_loop, item: Item) => ({ ...item, sum: compute(item.i) }));

/** A gather of so many tasks that compute. */
export const computes = coroutine('bench.computes', async (loop, { count }: { count: number }) => {
  const answers = await loop.gather(items(count).map((item) => busy(item)));
  checkInOrder(answers, count);
  return count;
});

/** Gathers in gathers; answers how many tasks there were from here down. */
export const tree = coroutine(
  'bench.tree',
  async (loop: Loop, args: { depth: number; width: number }): Promise<number> => {
    const { depth, width } = args;
    if (depth === 0) return 1;
    const below = Array.from({ length: width }, () => tree({ depth: depth - 1, width }));
    const counts = await loop.gather(below);
    return counts.reduce((sum, count) => sum + count, 1);
  },
);

export const nap = coroutine('bench.nap', async (loop, { ms, ...item }: Item & { ms: number }) => {
  await loop.sleep(ms);
  return item;
});

export interface Naps {
  count: number;
  ms: number;
  /** At most so many at once. */
  limit?: number;
}

/** A gather of so many tasks that sleep. */
export const naps = coroutine('bench.naps', async (loop, { count, ms, limit }: Naps) => {
  const members = items(count).map((item) => nap({ ...item, ms }));
  const answers = await loop.gather(members, limit === undefined ? {} : { limit });
  checkInOrder(answers, count);
  return count;
});

/** So many tasks, each created when the one before has ended. */
export const chain = coroutine('bench.chain', async (loop, { count }: { count: number }) => {
  const answers: Item[] = [];
  for (const item of items(count)) answers.push(await loop.createTask(echo(item)));
  checkInOrder(answers, count);
  return count;
});
