/** Awaiting and cancelling tasks by their id, across trees and partitions, whoever dies in between. */
import { describe, expect, it } from 'vitest';
import { coroutine, LookupError, type Loop, type TaskId } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const sleeps = coroutine('sleeps', async (loop: Loop, { ms }: { ms: number }) => {
  try {
    return await loop.sleep(ms, 'slept');
  } finally {
    loop.log('left');
  }
});
const awaits = coroutine('awaits', async (loop: Loop, { ids }: { ids: TaskId[] }) => {
  const results: unknown[] = [];
  for (const id of ids) results.push(await loop.task(id));
  return results;
});
const cancels = coroutine('cancels', async (loop: Loop, { ids }: { ids: TaskId[] }) => {
  const tasks = ids.map((id) => loop.task(id));
  for (const task of tasks) task.cancel('no need');
  const { done } = await loop.wait(tasks);
  return done.filter((task) => task.cancelled()).length;
});
const looksUp = coroutine('looksUp', async (loop: Loop, { id }: { id: TaskId }) => {
  try {
    return await loop.task(id);
  } catch (error) {
    return [error instanceof LookupError, (error as Error).message];
  }
});
const coroutines = [sleeps, awaits, cancels, looksUp];

const submit = async ({ client }: MemoryCluster, name: string, args: unknown): Promise<TaskId> =>
  (await client.submit(name, args)).id;

const later = ({ clock }: MemoryCluster, ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve));

/** With 16 partitions, eight trees hardly ever lie in one. */
async function sleepers(cluster: MemoryCluster, ms: number): Promise<TaskId[]> {
  return Promise.all(Array.from({ length: 8 }, () => submit(cluster, 'sleeps', { ms })));
}

for (const partitions of [1, 16])
  for (const alwaysReplay of [false, true])
    describe(`a task by its id, ${partitions} partitions, alwaysReplay ${alwaysReplay}`, () => {
      const start = () => memoryCluster({ coroutines, alwaysReplay, store: { partitions } });

      it('is awaited before and after its end', async () => {
        await using cluster = await start();
        const ids = await sleepers(cluster, 5_000);
        const waiting = await submit(cluster, 'awaits', { ids });
        expect(await cluster.client.wait(waiting, 60_000)).toMatchObject({ result: ids.map(() => 'slept') });
        const again = await submit(cluster, 'awaits', { ids });
        expect(await cluster.client.wait(again, 60_000)).toMatchObject({ result: ids.map(() => 'slept') });
      });

      it('is cancelled, once', async () => {
        await using cluster = await start();
        const ids = await sleepers(cluster, 3_600_000);
        await later(cluster, 1_000);
        const waiting = await submit(cluster, 'cancels', { ids });
        expect(await cluster.client.wait(waiting, 60_000)).toMatchObject({ result: 8 });
        for (const id of ids) expect(await cluster.client.logs(id)).toMatchObject([{ entries: ['left'] }]);
      });

      it('is cancelled by the cancel of who awaits it', async () => {
        await using cluster = await start();
        const ids = await sleepers(cluster, 3_600_000);
        const waiting = await submit(cluster, 'awaits', { ids });
        await later(cluster, 5_000);
        await cluster.client.cancel(waiting, 'enough');
        expect(await cluster.client.wait(waiting, 60_000)).toMatchObject({ state: 'cancelled' });
        const states = await Promise.all(ids.map(async (id) => (await cluster.client.get(id))?.state));
        expect(states).toEqual(['cancelled', ...Array(7).fill('suspended')]);
        await Promise.all(ids.map((id) => cluster.client.cancel(id)));
      });

      it('raises LookupError when there is none', async () => {
        await using cluster = await start();
        for (let tries = 0; tries < 4; tries++) {
          const [id = ''] = await sleepers(cluster, 1);
          const unknown = `${id}.ABCDEFGHJKMN`;
          const waiting = await submit(cluster, 'looksUp', { id: unknown });
          expect(await cluster.client.wait(waiting, 60_000)).toMatchObject({ result: [true, `no task ${unknown}`] });
        }
      });

      it('is heard of although workers die at any time', async () => {
        for (let fatal = 0; fatal < 12; fatal++) {
          await using cluster = await start();
          const ids = await sleepers(cluster, 2_000);
          const waiting = await submit(cluster, 'awaits', { ids });
          await later(cluster, [0, 1, 2, 1_990, 1_998, 1_999, 2_000, 2_001, 2_002, 2_005, 2_100, 3_000][fatal] ?? 0);
          for (const worker of [...cluster.workers]) {
            cluster.kill(worker);
            await cluster.addWorker();
          }
          expect(await cluster.client.wait(waiting, 120_000)).toMatchObject({ result: ids.map(() => 'slept') });
        }
      });
    });

it('letters are not lost when every carrier fails half-way', async () => {
  const calls = { deliver: 0, outbox: 0 };
  await using cluster = await memoryCluster({
    coroutines,
    store: {
      partitions: 16,
      around: async (method, call) => {
        if (method !== 'deliver' && method !== 'outbox') return call();
        calls[method] += 1;
        if (calls[method] % 3 === 0) throw new Error('lost on the way');
        const answer = call();
        if (calls[method] % 3 === 1 && method === 'deliver') throw new Error('executed, and the answer was lost');
        return answer;
      },
    },
  });
  const ids = await sleepers(cluster, 2_000);
  const waiting = await submit(cluster, 'awaits', { ids });
  expect(await cluster.client.wait(waiting, 600_000)).toMatchObject({ result: ids.map(() => 'slept') });
  expect(calls.deliver).toBeGreaterThan(10);
});
