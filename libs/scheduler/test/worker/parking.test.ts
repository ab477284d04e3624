/** Coroutines that wait long, or that are too many, are parked: they cost no memory, and go on when something happens. */
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const hour = 3_600_000;
const nap = coroutine('nap', async (loop, { ms, value }: { ms: number; value: number }) => {
  try {
    return await loop.sleep(ms, value);
  } finally {
    loop.log(value);
  }
});
const all = coroutine('all', async (loop, { count, ms }: { count: number; ms: number }) =>
  loop.gather(Array.from({ length: count }, (_, value) => nap({ ms: ms + value, value }))),
);
const coroutines = [nap, all];

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));
const inMemory = (cluster: MemoryCluster): number =>
  cluster.workers.reduce((sum, worker) => sum + worker.statistics().suspended, 0);

describe('too many suspended coroutines', () => {
  it('10,000 in one worker that keeps 100: all go on, and none is lost', { timeout: 120_000 }, async () => {
    const parking = { maxSuspended: 100 };
    await using cluster = await memoryCluster({ coroutines, workers: 1, parking });
    const { id } = await cluster.client.submit('all', { count: 10_000, ms: 60_000 });
    await pause(cluster, 30_000);
    expect((await cluster.client.get(id))?.children).toMatchObject({ running: 10_000 });
    expect(inMemory(cluster)).toBe(100);
    const view = await cluster.client.wait(id, 10 * 60_000);
    expect(view).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(view?.result).toEqual(Array.from({ length: 10_000 }, (_, value) => value));
  });

  it('the one that went on least recently is parked first', async () => {
    const parking = { maxSuspended: 2 };
    await using cluster = await memoryCluster({ coroutines, workers: 1, parking });
    const ids: string[] = [];
    for (const value of [1, 2, 3]) {
      ids.push((await cluster.client.submit('nap', { ms: 10_000, value })).id);
      await pause(cluster, 100);
    }
    cluster.kill(cluster.workers[0] as (typeof cluster.workers)[0]);
    await cluster.addWorker();
    await pause(cluster, 8000);
    const attempts = (await Promise.all(ids.map((id) => cluster.client.get(id)))).map((view) => view?.attempt);
    expect(attempts).toEqual([1, 2, 2]);
  });
});

describe('a long wait', () => {
  it('of a week survives that every worker is killed, and is no attempt', async () => {
    const week = 7 * 24 * hour;
    await using cluster = await memoryCluster({ coroutines, workers: 1, parking: { parkAfterMs: 1000 } });
    const { id, createdAt } = await cluster.client.submit('nap', { ms: week, value: 5 });
    await pause(cluster, 3000);
    expect(inMemory(cluster)).toBe(0);
    cluster.kill(cluster.workers[0] as (typeof cluster.workers)[0]);
    await pause(cluster, week - 10_000);
    await cluster.addWorker();
    const view = await cluster.client.wait(id, hour);
    expect(view).toMatchObject({ state: 'succeeded', result: 5, attempt: 1 });
    const slept = Date.parse(view?.finishedAt ?? '') - Date.parse(createdAt);
    expect(slept).toBeGreaterThanOrEqual(week);
    expect(slept).toBeLessThan(week + 2000);
  });

  it('that ends soon is not parked, and ends to the millisecond', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 1, parking: { parkAfterMs: 1000 } });
    const { id } = await cluster.client.submit('nap', { ms: 1890, value: 1 });
    await pause(cluster, 1800);
    expect(inMemory(cluster)).toBe(1);
    const view = await cluster.client.wait(id, hour);
    expect(Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '')).toBe(1890);
  });

  it('I5 hears of a cancel while it is parked, and cleans up', async () => {
    await using cluster = await memoryCluster({ coroutines, parking: { parkAfterMs: 1000 } });
    const { id } = await cluster.client.submit('nap', { ms: hour, value: 6 });
    await pause(cluster, 5000);
    expect(inMemory(cluster)).toBe(0);
    await cluster.client.cancel(id);
    expect(await cluster.client.wait(id, 1000)).toMatchObject({ state: 'cancelled' });
    expect(await cluster.client.logs(id)).toEqual([{ task: id, entries: [6] }]);
  });

  it('keeps its logs and steps, also when coroutines are replayed at each suspension', async () => {
    let steps = 0;
    const story = coroutine('story', async (loop: Loop) => {
      loop.log('begins');
      const first = await loop.step('first', () => ++steps);
      loop.progress(0.5);
      const child = loop.createTask(nap({ ms: 20_000, value: 2 }));
      const { done } = await loop.wait([child], { timeout: 10_000 });
      loop.log(done.length);
      return [first, await child];
    });
    for (const alwaysReplay of [false, true]) {
      steps = 0;
      const parking = { parkAfterMs: 0, maxSuspended: 1 };
      await using cluster = await memoryCluster({ coroutines: [...coroutines, story], parking, alwaysReplay });
      const view = await cluster.run(story());
      expect(view).toMatchObject({ state: 'succeeded', result: [1, 2], progress: 0.5 });
      expect(steps).toBe(1);
      const logs = await cluster.client.logs(view.id);
      expect(logs?.map(({ entries }) => entries)).toEqual([['begins', 0], [2]]);
    }
  });
});

describe('the race of parking with an event', () => {
  it('is decided by the store: whatever is late, everything ends', { timeout: 60_000 }, async () => {
    const chatty = coroutine('chatty', async (loop: Loop) => {
      let sum = 0;
      for (let round = 0; round < 20; round++) sum += await loop.createTask(nap({ ms: round % 3, value: round }));
      return sum;
    });
    let delays = 0;
    await using cluster = await memoryCluster({
      coroutines: [...coroutines, chatty],
      workers: 3,
      parking: { maxSuspended: 1, parkAfterMs: 0 },
      store: {
        around: async (method, call) => {
          if (method === 'park') await new Promise<void>((resolve) => cluster.clock.setTimer(delays++ % 5, resolve));
          return call();
        },
      },
    });
    const views = await Promise.all(Array.from({ length: 20 }, () => cluster.run(chatty())));
    expect(views.map(({ state, result }) => [state, result])).toEqual(views.map(() => ['succeeded', 190]));
    expect(delays).toBeGreaterThan(20);
  });
});
