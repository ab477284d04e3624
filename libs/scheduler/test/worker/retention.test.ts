/** Settled trees go when their time is over, with everything that the workers and the store knew of them. */
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster, VirtualClock } from '../../src/testing/index.ts';

const hour = 3_600_000;
const day = 24 * hour;

const leaf = coroutine('leaf', async (loop, { ms }: { ms: number }) => await loop.sleep(ms, ms));
const busy = coroutine('busy', async (loop: Loop) => {
  loop.log('begins');
  const never = loop.createTask(leaf({ ms: 300 * day }));
  await loop.gather([leaf({ ms: 10 }), leaf({ ms: 20 })]);
  await loop.step('step', () => 1);
  await loop.waitFor(leaf({ ms: hour }), 1000).catch(() => undefined);
  loop.log(never.done());
});

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));

describe('retention', () => {
  it('leaves nothing of a tree when its time is over', async () => {
    await using cluster = await memoryCluster({ coroutines: [busy, leaf] });
    const [short, long] = await Promise.all([
      cluster.client.submit('busy', {}, { resultTtlMs: 60_000 }),
      cluster.client.submit('busy', {}, { resultTtlMs: 120_000 }),
    ]);
    expect(await cluster.client.wait(long.id, 60_000)).toMatchObject({ state: 'succeeded' });
    expect(await cluster.client.wait(short.id, 60_000)).toMatchObject({ state: 'succeeded' });
    await pause(cluster, 62_000);
    expect(await cluster.client.get(short.id)).toBeUndefined();
    expect(await cluster.client.get(long.id)).toMatchObject({ state: 'succeeded' });
    await pause(cluster, 60_000);
    expect(await cluster.client.list()).toEqual({ items: [] });
    expect(cluster.store.kept()).toEqual([]);
  });

  it('is a day when nobody says anything else', async () => {
    const clock = new VirtualClock();
    await using cluster = await memoryCluster({ coroutines: [leaf], workers: 0, clock });
    const { id } = await cluster.client.submit('leaf', { ms: 1 });
    await cluster.client.cancel(id);
    await clock.advance(day - 1);
    expect(await cluster.store.sweep(0, 2000)).toMatchObject({ removed: 0 });
    await clock.advance(1);
    expect(await cluster.store.sweep(0, 2000)).toMatchObject({ removed: 1 });
  });

  it('of less than a second or more than ten years is refused, and nothing is created', async () => {
    await using cluster = await memoryCluster({ coroutines: [leaf] });
    for (const resultTtlMs of [999, 11 * 365 * day, Number.NaN])
      await expect(cluster.client.submit('leaf', { ms: 1 }, { resultTtlMs })).rejects.toThrow(/^resultTtlMs: /);
    expect(cluster.store.kept()).toEqual([]);
  });
});
