import { expect, it } from 'vitest';
import { coroutine } from '../../src/loop/coroutines.ts';
import type { Loop } from '../../src/loop/loop.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/cluster.ts';
import { nearTasks } from '../../src/worker/near.ts';

const wait = (loop: Loop) => loop.sleep(10);
const light = coroutine('light', wait, { placement: 'near' });
const plain = coroutine('plain', wait);

/** Two tasks and a gather of two, created in one turn; gives the ids of the two tasks. */
const creates = (name: string, child: typeof light) =>
  coroutine(name, async (loop) => {
    await loop.sleep(5000); // until the workers have heard of each other
    const tasks = [loop.createTask(child()), loop.createTask(child())];
    await loop.gather([child(), child()]);
    await loop.wait(tasks);
    return tasks.map(({ id }) => id);
  });
const lights = creates('lights', light);
const plains = creates('plains', plain);

async function workersOf(
  cluster: MemoryCluster,
  parent: typeof lights,
): Promise<{ own: unknown; others: Set<unknown> }> {
  const { worker, result } = await cluster.run(parent());
  expect(result).toHaveLength(2);
  const others = new Set<unknown>();
  for (const child of result as string[]) others.add((await cluster.client.get(child))?.worker);
  return { own: worker, others };
}

it('tasks of a coroutine that is placed near start where they are created', async () => {
  await using cluster = await memoryCluster({ coroutines: [light, plain, lights, plains] });
  const { own, others } = await workersOf(cluster, lights);
  expect([...others]).toEqual([own]);
});

it('others spread', async () => {
  await using cluster = await memoryCluster({ coroutines: [light, plain, lights, plains], workers: 4 });
  const { others } = await workersOf(cluster, plains);
  expect(others.size).toBeGreaterThan(1);
});

it('only the first four of a turn stay near', () => {
  const turn = {
    spawns: [
      { id: 'a', coroutine: 'light' },
      { id: 'b', coroutine: 'plain' },
      { id: 'c', coroutine: 'light' },
    ],
    groups: [{ id: 'g', members: Array.from({ length: 9 }, () => ({ coroutine: 'light' })) }],
  };
  const near = nearTasks([turn] as unknown as Parameters<typeof nearTasks>[0], (name) => name === 'light');
  expect([...near]).toEqual(['a', 'c', 'g.0', 'g.1']);
});
