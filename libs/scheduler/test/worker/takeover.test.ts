/** A worker dies in the middle: another replays what was recorded and goes on. */
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const late = coroutine(
  'late',
  async (loop, { ms, value }: { ms: number; value: number }) => await loop.sleep(ms, value),
);

/** Kills the worker that runs the task `id`. */
async function killWorkerOf(cluster: MemoryCluster, id: string): Promise<void> {
  const worker = (await cluster.client.get(id))?.worker;
  const victim = cluster.workers.find((each) => each.id === worker);
  if (victim === undefined) throw new Error(`nobody runs ${id}`);
  cluster.kill(victim);
}

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));

describe('a worker is killed', () => {
  it('I2 a gather goes on elsewhere with every result once and in order', async () => {
    const root = coroutine('root', async (loop: Loop) => {
      const first = await loop.gather([1, 2, 3].map((value) => late({ ms: value * 1000, value })));
      const then = await loop.gather([4, 5].map((value) => late({ ms: value * 1000, value })));
      return [...first, ...then];
    });
    await using cluster = await memoryCluster({ coroutines: [root, late], workers: 3 });
    const { id } = await cluster.client.submit('root', {});
    await pause(cluster, 4000);
    await killWorkerOf(cluster, id);
    const view = await cluster.client.wait(id, 60_000);
    expect(view).toMatchObject({ state: 'succeeded', result: [1, 2, 3, 4, 5], attempt: 2 });
    expect(view?.children).toEqual({ total: 5, pending: 0, running: 0, succeeded: 5, failed: 0, cancelled: 0 });
  });

  it('a recorded step does not run again, and its log is kept once', async () => {
    let runs = 0;
    const root = coroutine('root', async (loop: Loop) => {
      loop.log('begin');
      const value = await loop.step('count', () => ++runs);
      await loop.sleep(10_000);
      loop.log('end');
      return value;
    });
    await using cluster = await memoryCluster({ coroutines: [root], workers: 2 });
    const { id } = await cluster.client.submit('root', {});
    await pause(cluster, 2000);
    await killWorkerOf(cluster, id);
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'succeeded', result: 1 });
    expect(runs).toBe(1);
    expect(await cluster.client.logs(id)).toEqual([{ task: id, entries: ['begin', 'end'] }]);
  });

  it('L1 concurrent branches replay in the order in which they went', async () => {
    const root = coroutine('root', async (loop: Loop) => {
      const order: string[] = [];
      const branch = async (name: string, ms: number): Promise<void> => {
        for (let round = 0; round < 3; round++) {
          await loop.sleep(ms);
          order.push(`${name}${round}`);
          await loop.createTask(late({ ms: 10, value: round }));
        }
      };
      await Promise.all([branch('a', 700), branch('b', 1000), branch('c', 1300)]);
      return order;
    });
    await using cluster = await memoryCluster({ coroutines: [root, late], workers: 3 });
    const undisturbed = (await cluster.run(root())).result;
    const { id } = await cluster.client.submit('root', {});
    await pause(cluster, 2500);
    await killWorkerOf(cluster, id);
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'succeeded', result: expect.any(Array) });
    expect((undisturbed as string[]).length).toBe(9);
  });

  it('L3 a coroutine that does something else in replay fails and names both operations', async () => {
    let run = 0;
    const root = coroutine('root', async (loop: Loop) => {
      run += 1;
      if (run === 1) await loop.sleep(20_000);
      else await loop.createTask(late({ ms: 1, value: 1 }));
    });
    await using cluster = await memoryCluster({ coroutines: [root, late], workers: 2 });
    const { id } = await cluster.client.submit('root', {});
    await pause(cluster, 1000);
    await killWorkerOf(cluster, id);
    const view = await cluster.client.wait(id, 60_000);
    expect(view).toMatchObject({ state: 'failed', error: { type: 'NonDeterminismError' } });
    expect(view?.error?.message).toContain('sleep(20000)');
    expect(view?.error?.message).toContain('createTask(late)');
  });

  it('a stopped worker hands its tasks over without counting an attempt', async () => {
    const root = coroutine('root', async (loop: Loop) => await loop.sleep(5000, 'slept'));
    await using cluster = await memoryCluster({ coroutines: [root], workers: 1 });
    const { id } = await cluster.client.submit('root', {});
    await pause(cluster, 1000);
    const [first] = cluster.workers;
    await cluster.addWorker();
    await first?.stop();
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'succeeded', result: 'slept', attempt: 1 });
  });
});

describe('a root task ends like asyncio.run', () => {
  it('what its coroutine left running is cancelled, and only then it is settled', async () => {
    const tidy = coroutine('tidy', async (loop: Loop) => {
      try {
        await loop.sleep(1e9);
      } finally {
        await loop.sleep(500);
        loop.log('cleaned up');
      }
    });
    const root = coroutine('root', async (loop: Loop) => {
      loop.createTask(tidy());
      await loop.sleep(1000);
      return 'done';
    });
    await using cluster = await memoryCluster({ coroutines: [root, tidy] });
    const view = await cluster.run(root());
    expect(view).toMatchObject({ state: 'succeeded', result: 'done', children: { cancelled: 1, running: 0 } });
    expect(await cluster.client.logs(view.id)).toMatchObject([{ entries: ['cleaned up'] }]);
  });
});
