import { describe, expect, it } from 'vitest';
import { coroutine, IdempotencyConflictError, type Loop, StoreUnavailableError } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

const echo = coroutine('echo', async (_loop, args: unknown) => args);
const other = coroutine('other', async () => null);
const parent = coroutine('parent', async (loop: Loop) => loop.gather([1, 2, 3].map((n) => echo(n))));

const tidies = coroutine('tidies', async (loop: Loop, { below, times }: { below: number; times: number }) => {
  const children = Array.from({ length: below > 0 ? times : 0 }, () => tidies({ below: below - 1, times }));
  try {
    await (below > 0 ? loop.gather(children) : loop.sleep(1e9));
  } finally {
    await loop.sleep(50);
    loop.log('tidy');
  }
});

const coroutines = [echo, other, parent, tidies];

describe('submit', () => {
  it('with an idempotency key gives the same task for the same content, whatever the partition', async () => {
    await using cluster = await memoryCluster({ coroutines, store: { partitions: 8 } });
    const submit = (args: unknown) => cluster.client.submitOnce('echo', args, { idempotencyKey: 'k' });
    const [first, ...again] = await Promise.all([submit(1), submit(1), submit(1)]);
    expect(again.map(({ task }) => task.id)).toEqual([first?.task.id, first?.task.id]);
    expect([first, ...again].filter((answer) => answer?.replayed)).toHaveLength(2);
    await expect(submit(2)).rejects.toThrow(IdempotencyConflictError);
  });

  it('I3 tells of an accepted task although the store went away before it could be looked at', async () => {
    let away = false;
    await using cluster = await memoryCluster({
      coroutines,
      workers: 0,
      store: {
        around: async (method, call) => {
          if (away && method === 'records') throw new StoreUnavailableError('away');
          return call();
        },
      },
    });
    away = true;
    const { id, state } = await cluster.client.submit('echo', 1);
    away = false;
    expect(state).toBe('pending');
    expect(await cluster.client.get(id)).toMatchObject({ coroutine: 'echo', state: 'pending' });
  });
});

describe('list', () => {
  it('pages through roots, newest first, each once, by state and coroutine', async () => {
    await using cluster = await memoryCluster({ coroutines, store: { partitions: 4 } });
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift((await cluster.client.submit(i % 2 === 0 ? 'echo' : 'other', {})).id);
    for (const id of ids) await cluster.client.wait(id, 10_000);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await cluster.client.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen.toSorted().toReversed()).toEqual(seen);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect((await cluster.client.list({ coroutine: 'other' })).items).toHaveLength(3);
    expect((await cluster.client.list({ state: 'failed' })).items).toEqual([]);
    await expect(cluster.client.list({ cursor: 'nonsense' })).rejects.toThrow(RangeError);
  });
});

describe('tree', () => {
  it('shows what is below a task, and tells what it leaves out', async () => {
    await using cluster = await memoryCluster({ coroutines });
    const { id } = await cluster.run(parent());
    const tree = await cluster.client.tree(id);
    expect(tree?.nodes.map(({ coroutine: name, result }) => [name, result])).toEqual([
      ['echo', 1],
      ['echo', 2],
      ['echo', 3],
    ]);
    expect(await cluster.client.tree(id, 2)).toMatchObject({ nodes: [{ result: 1 }], omitted: 2 });
  });
});

describe('wait', () => {
  it('gives the view at the end of the wait, or when the caller has gone', async () => {
    const slow = coroutine('slow', async (loop: Loop) => loop.sleep(60_000));
    await using cluster = await memoryCluster({ coroutines: [slow] });
    const { id } = await cluster.client.submit('slow', {});
    expect((await cluster.client.wait(id, 1000))?.finishedAt).toBeNull();
    const gone = new AbortController();
    cluster.clock.setTimer(10, () => gone.abort());
    const before = cluster.clock.monotonic();
    await cluster.client.wait(id, 30_000, gone.signal);
    expect(cluster.clock.monotonic() - before).toBeLessThan(1000);
  });
});

describe('cancel of a tree', () => {
  it.each([false, true])(
    'asks each task once, so that all clean up in peace; alwaysReplay %s',
    async (alwaysReplay) => {
      await using cluster = await memoryCluster({ coroutines, alwaysReplay });
      const { client, clock } = cluster;
      const { id } = await client.submit('tidies', { below: 3, times: 3 });
      const later = Promise.withResolvers<void>();
      clock.setTimer(1_000, later.resolve);
      await later.promise;
      const asked = await client.cancel(id, 'enough', { tree: true });
      expect(asked).toMatchObject({ state: 'suspended', cancelRequested: true });
      expect(await client.wait(id, 10_000)).toMatchObject({ state: 'cancelled', error: { message: 'enough' } });
      const logs = (await client.logs(id)) ?? [];
      expect(logs).toHaveLength(1 + 3 + 9 + 27);
      expect(logs.every(({ entries }) => entries.length === 1)).toBe(true);
    },
  );

  it('knows no id that has not the form of one', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 0 });
    const { id } = await cluster.client.submit('echo', 1);
    expect(await cluster.client.cancel(`${id}.x`, 'm', { tree: true })).toBeUndefined();
  });
});
