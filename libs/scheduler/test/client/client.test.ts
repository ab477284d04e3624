import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/contract/ids.ts';
import {
  coroutine,
  IdempotencyConflictError,
  type Loop,
  PayloadTooLargeError,
  StoreUnavailableError,
} from '../../src/index.ts';
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

describe('submit of a batch', () => {
  const partitions = 8;
  const batch = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => ({ coroutine: 'echo', args: i + from, options: { name: `n${i}` } }));

  /** Whose store counts submits, and is away from the call `awayFrom` on while `away`. */
  async function counting() {
    const state = { calls: 0, awayFrom: Number.POSITIVE_INFINITY };
    const cluster = await memoryCluster({
      ...{ coroutines, limits: { payload: 100 } },
      store: {
        partitions,
        around: async (method, call) => {
          if (method === 'submit' && ++state.calls >= state.awayFrom) throw new StoreUnavailableError('away');
          return call();
        },
      },
    });
    return { cluster, client: cluster.client, state };
  }

  const rootsOf = async ({ client }: Awaited<ReturnType<typeof counting>>): Promise<number> =>
    (await client.list({ limit: 500 })).items.length;

  it.each([undefined, 'k'])('is answered in order, in one partition, in few calls; key %s', async (idempotencyKey) => {
    const { cluster, client, state } = await counting();
    await using _ = cluster;
    const { tasks, replayed } = await client.submitAll(
      batch(300),
      idempotencyKey === undefined ? {} : { idempotencyKey },
    );
    expect(tasks.map(({ name }) => name)).toEqual(batch(300).map(({ options }) => options.name));
    expect(replayed).toBe(false);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(300);
    expect(new Set(tasks.map(({ id }) => partitionOf(id, partitions))).size).toBe(1);
    expect(state.calls).toBe(idempotencyKey === undefined ? 2 : 3);
    const ended = await Promise.all(tasks.map(({ id }) => client.wait(id, 10_000)));
    expect(ended.map((view) => view?.result)).toEqual(batch(300).map(({ args }) => args));
  });

  it('of nothing creates nothing', async () => {
    const { cluster, client } = await counting();
    await using _ = cluster;
    expect(await client.submitAll([], { idempotencyKey: 'k' })).toEqual({ tasks: [], replayed: false });
  });

  it('with an idempotency key gives the same tasks again, as they are then', async () => {
    const { cluster, client } = await counting();
    await using _ = cluster;
    const submit = () => client.submitAll(batch(5), { idempotencyKey: 'k' });
    const [first, second] = await Promise.all([submit(), submit()]);
    for (const { id } of first.tasks) await client.wait(id, 10_000);
    const third = await submit();
    const ids = first.tasks.map(({ id }) => id);
    expect([second, third].map(({ tasks }) => tasks.map(({ id }) => id))).toEqual([ids, ids]);
    expect([first, second, third].map(({ replayed }) => replayed)).toEqual([false, true, true]);
    expect(third.tasks.map(({ result }) => result)).toEqual([0, 1, 2, 3, 4]);
  });

  it('that is another one under the same key is a conflict, and creates nothing', async () => {
    const one = await counting();
    const { cluster, client } = one;
    await using _ = cluster;
    await client.submitAll(batch(3), { idempotencyKey: 'k' });
    const others = [batch(2), batch(4), batch(3, 1), batch(3).reverse(), [{ coroutine: 'echo', args: 0 }]];
    for (const other of others)
      await expect(client.submitAll(other, { idempotencyKey: 'k' })).rejects.toThrow(IdempotencyConflictError);
    await expect(client.submit('echo', 0, { idempotencyKey: 'k' })).rejects.toThrow(IdempotencyConflictError);
    expect(await rootsOf(one)).toBe(3);
  });

  it('that broke off is completed when it is sent again', async () => {
    const one = await counting();
    const { cluster, client, state } = one;
    await using _ = cluster;
    state.awayFrom = 3;
    const submit = () => client.submitAll(batch(300), { idempotencyKey: 'k' });
    await expect(submit()).rejects.toThrow(StoreUnavailableError);
    const before = await rootsOf(one);
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(300);
    state.awayFrom = Number.POSITIVE_INFINITY;
    const { tasks, replayed } = await submit();
    expect(replayed).toBe(true);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(300);
    expect(await rootsOf(one)).toBe(300);
  });

  it('with one task at fault creates none, and says which it is', async () => {
    const one = await counting();
    const { cluster, client } = one;
    await using _ = cluster;
    const refused = async (bad: { coroutine: string; args: unknown; options?: object }): Promise<Error> =>
      await client.submitAll([...batch(3), bad]).then(
        () => expect.fail(),
        (error: Error) => error,
      );
    const large = await refused({ coroutine: 'echo', args: 'x'.repeat(200) });
    expect(large).toBeInstanceOf(PayloadTooLargeError);
    expect(large.message).toMatch(/^task 3: arguments of echo: 202 bytes, 100 are allowed/);
    expect(large).toMatchObject({ size: { field: 'arguments of echo', task: 3 } });
    expect(await refused({ coroutine: 'echo', args: 1, options: { timeout: 0 } })).toBeInstanceOf(RangeError);
    expect(await refused({ coroutine: 'echo', args: new Map() })).toMatchObject({
      message: expect.stringMatching(/^task 3: the value is a Map/),
    });
    expect(await rootsOf(one)).toBe(0);
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
