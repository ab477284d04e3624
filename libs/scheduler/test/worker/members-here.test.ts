/** Members of a small gather that begin where they were asked for, before the store knows of them (adr/0019). */
import { describe, expect, it, vi } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';
import { SystemClock } from '../../src/worker/system-clock.ts';

const add = coroutine('add', async (_, { to }: { to: number }) => to + 1);
const nap = coroutine('nap', async (loop, { ms }: { ms: number }) => {
  await loop.sleep(ms);
  return ms;
});
/** What happens in a member of a gather: of it alone nothing is recorded when it asks for its own. */
const inMember = coroutine('inMember', async (loop, { count }: { count: number }) =>
  loop.gather(Array.from({ length: count }, (_, to) => add({ to }))),
);
const outer = coroutine('outer', async (loop, { count, width }: { count: number; width: number }) =>
  loop.gather(Array.from({ length: width }, () => inMember({ count }))),
);
const coroutines = [add, nap, inMember, outer];

/** A root that gathers one coroutine. */
const around = <T>(name: string, run: (loop: Loop) => Promise<T>) => {
  const inner = coroutine(`${name}Inner`, run);
  return [inner, coroutine(name, async (loop: Loop) => (await loop.gather([inner()]))[0])] as const;
};

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));

/** What the store hears of gathers below the root: how many results, and how many that run. */
function watched({ store }: MemoryCluster) {
  const commit = vi.spyOn(store, 'commit');
  const settle = vi.spyOn(store, 'settle');
  return {
    begun: () =>
      commit.mock.calls.flatMap(([, turns]) =>
        turns.flatMap(({ groups }) =>
          groups.map(({ begun, members }) => [members.length, begun?.results.length, begun?.running]),
        ),
      ),
    along: () =>
      settle.mock.calls.flatMap(([, settlements]) =>
        settlements.flatMap(({ gathered }) => (gathered === undefined ? [] : [gathered.begun?.results.length])),
      ),
  };
}

const below = async ({ store }: MemoryCluster, id: string): Promise<string[]> => (await store.children(id, 0, 100)).ids;

describe('U2 a member that gathers what ends at once', () => {
  it('tells the store of all that when it ends, and of nothing before', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 1 });
    const { begun, along } = watched(cluster);
    const view = await cluster.run(outer({ count: 10, width: 20 }));
    expect(view.result).toEqual(Array(20).fill([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    expect([begun(), along()]).toEqual([[[20, undefined, undefined]], Array(20).fill(10)]);
  });

  it('has left them as tasks like any others', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 1 });
    const root = await cluster.run(outer({ count: 3, width: 1 }));
    const [member = ''] = await below(cluster, root.id);
    const views = await Promise.all((await below(cluster, member)).map((id) => cluster.client.get(id)));
    expect(await cluster.client.get(member)).toMatchObject({
      state: 'succeeded',
      children: { total: 3, succeeded: 3 },
    });
    expect(views.map((view) => [view?.coroutine, view?.state, view?.result, view?.attempt, view?.parentId])).toEqual(
      [1, 2, 3].map((result) => ['add', 'succeeded', result, 1, member]),
    );
    expect(views[0]?.worker).toBe(cluster.workers[0]?.id);
    expect(await cluster.store.cluster()).toMatchObject({
      created: 5,
      openGathers: 0,
      tasks: { running: 0, pending: 0 },
    });
  });

  it('gives more than 32 of them to all workers', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 2 });
    const { begun } = watched(cluster);
    expect((await cluster.run(outer({ count: 33, width: 1 }))).result).toHaveLength(1);
    expect(begun().at(-1)).toEqual([33, undefined, undefined]);
  });

  it('records them before it does anything else', async () => {
    const seen: unknown[] = [];
    const [inner, root] = around('twice', async (loop) => {
      const first = await loop.gather([add({ to: 1 }), add({ to: 2 })]);
      seen.push(begun());
      await loop.step('look', () => seen.push(begun()));
      return [first, await loop.gather([add({ to: 3 })])];
    });
    await using cluster = await memoryCluster({ coroutines: [...coroutines, inner, root], workers: 1 });
    const { begun, along } = watched(cluster);
    expect((await cluster.run(root())).result).toEqual([[2, 3], [4]]);
    const [first, second] = [
      [1, undefined, undefined],
      [2, 2, 0],
    ];
    expect([seen, begun(), along()]).toEqual([
      [[first], [first, second]],
      [first, second, [1, undefined, undefined]],
      [],
    ]);
  });

  it('keeps what a member has logged, and its error', async () => {
    const talks = coroutine('talks', async (loop: Loop) => loop.log('here'));
    const fails = coroutine('fails', async () => {
      throw new RangeError('no');
    });
    const [inner, root] = around('mixed', async (loop) => {
      const told = await loop.gather([add({ to: 1 }), talks(), add({ to: 2 })]);
      try {
        await loop.gather([add({ to: 1 }), fails()]);
      } catch (error) {
        return [told.length, String(error)];
      }
    });
    await using cluster = await memoryCluster({ coroutines: [...coroutines, talks, fails, inner, root], workers: 1 });
    const { begun } = watched(cluster);
    const view = await cluster.run(root());
    expect(view.result).toEqual([3, 'RangeError: no']);
    expect((await cluster.client.logs(view.id))?.map(({ entries }) => entries)).toEqual([['here']]);
    expect(begun()[1]).toEqual([3, 1, 1]);
  });
});

describe('H1 the first member that does not end at once', () => {
  const [inner, root] = around('waits', async (loop) =>
    loop.gather([add({ to: 1 }), nap({ ms: 1000 }), add({ to: 2 }), nap({ ms: 1000 })]),
  );
  const all = [...coroutines, inner, root];

  it('is recorded as one that runs, and those after it are handed out', async () => {
    await using cluster = await memoryCluster({ coroutines: all, workers: 2 });
    const { begun } = watched(cluster);
    const { id } = await cluster.client.submit('waits', {});
    await pause(cluster, 500);
    const [parent = ''] = await below(cluster, id);
    const states = (await cluster.store.records(await below(cluster, parent))).map((record) => record?.state);
    expect(states).toEqual(['succeeded', 'suspended', 'succeeded', 'suspended']);
    const view = await cluster.client.wait(id, 1000);
    expect(view?.result).toEqual([2, 1000, 3, 1000]);
    expect(Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '')).toBe(1000);
    expect(begun().at(-1)).toEqual([4, 1, 1]);
  });

  it('hears of a cancel of its parent', async () => {
    await using cluster = await memoryCluster({ coroutines: all, workers: 2 });
    const { id } = await cluster.client.submit('waits', {});
    await pause(cluster, 500);
    const [parent = ''] = await below(cluster, id);
    await cluster.client.cancel(parent, 'enough');
    expect(await cluster.client.wait(id, 400)).toMatchObject({ state: 'cancelled', error: { message: 'enough' } });
    const states = (await cluster.store.records(await below(cluster, parent))).map((record) => record?.state);
    expect(states).toEqual(['succeeded', 'cancelled', 'succeeded', 'cancelled']);
  });

  it('goes on elsewhere when its worker dies, and those that have ended do not run again', async () => {
    let runs = 0;
    const once = coroutine('once', async () => ++runs);
    const pair = around('dies', async (loop) => loop.gather([once(), nap({ ms: 1000 })]));
    await using cluster = await memoryCluster({ coroutines: [...coroutines, once, ...pair], workers: 1 });
    const { id } = await cluster.client.submit('dies', {});
    await pause(cluster, 500);
    cluster.kill(cluster.workers[0] as (typeof cluster.workers)[0]);
    await cluster.addWorker();
    expect((await cluster.client.wait(id, 20_000))?.result).toEqual([1, 1000]);
  });

  it('takes the slot of its parent: no more than there are slots run at once', async () => {
    const clock = new SystemClock();
    let [now, most] = [0, 0];
    const busy = coroutine('busy', async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return 1;
    });
    const gathers = coroutine('gathers', async (loop: Loop) => loop.gather([busy(), busy(), busy()]));
    const three = coroutine('three', async (loop: Loop) => loop.gather([gathers(), gathers(), gathers()]));
    for (const slots of [1, 2]) {
      [now, most] = [0, 0];
      await using cluster = await memoryCluster({ coroutines: [busy, gathers, three], workers: 1, slots, clock });
      expect((await cluster.run(three())).result).toEqual(Array(3).fill([1, 1, 1]));
      expect(most).toBe(slots);
    }
  });

  it('is the last also where the one before has computed for long', async () => {
    const clock = new SystemClock();
    const burn = coroutine('burn', async () => {
      for (const end = performance.now() + 6; performance.now() < end; );
      return 1;
    });
    const pair = around('burns', async (loop) => loop.gather([burn(), burn(), burn()]));
    await using cluster = await memoryCluster({ coroutines: [burn, ...pair], workers: 1, clock });
    const { begun } = watched(cluster);
    expect((await cluster.run(pair[1]())).result).toEqual([1, 1, 1]);
    expect(begun().at(-1)).toEqual([3, 1, 0]);
  });
});

describe('H2 the store hears nothing of a member before it has the turn of its parent', () => {
  it('so a worker that dies before leaves no trace of it, and its parent begins again without', async () => {
    let runs = 0;
    const counts = coroutine('counts', async () => ++runs);
    const pair = around('stuck', async (loop) => loop.gather([counts(), counts()]));
    let isHeld = true;
    await using cluster = await memoryCluster({
      ...{ coroutines: [counts, ...pair], workers: 1 },
      store: {
        around: async (method, call) => (method === 'settle' && isHeld ? new Promise(() => undefined) : call()),
      },
    });
    const { begun, along } = watched(cluster);
    const { id } = await cluster.client.submit('stuck', {});
    await pause(cluster, 500);
    expect([runs, begun().length, along()]).toEqual([2, 1, [2]]);
    const [parent = ''] = await below(cluster, id);
    expect(await below(cluster, parent)).toEqual([]);
    isHeld = false;
    cluster.kill(cluster.workers[0] as (typeof cluster.workers)[0]);
    await cluster.addWorker();
    expect((await cluster.client.wait(id, 20_000))?.result).toEqual([3, 4]);
    expect(await cluster.client.get(parent)).toMatchObject({ attempt: 2, children: { total: 2, succeeded: 2 } });
    expect(begun().at(-1)).toEqual([2, undefined, undefined]);
  });
});
