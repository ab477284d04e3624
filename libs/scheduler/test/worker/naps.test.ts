/** Members of a gather of which nothing is recorded: they sleep for a moment, or do one thing, and end (adr/0018). */
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const nap = coroutine('nap', async (loop, { ms, times = 1 }: { ms: number; times?: number }) => {
  for (let i = 0; i < times; i++) await loop.sleep(ms);
  return ms;
});
const naps = coroutine('naps', async (loop, { count, ...args }: { count: number; ms: number; times?: number }) =>
  loop.gather(Array.from({ length: count }, () => nap(args))),
);
const coroutines = [nap, naps];

/** The calls of each method that the workers make. */
function counted() {
  const calls = new Map<string, number>();
  const around = <T>(method: string, call: () => T): Promise<T> => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    return Promise.resolve(call());
  };
  return { calls, around };
}

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));

const firstMember = async ({ store }: MemoryCluster, root: string): Promise<string> => {
  const { ids } = await store.children(root, 0, 10);
  return ids[0] as string;
};

describe('U1 a member that sleeps for a moment', () => {
  it('costs no more calls than one that does nothing, and sleeps its time', async () => {
    const { calls, around } = counted();
    await using cluster = await memoryCluster({ coroutines, workers: 1, slots: 1000, store: { around } });
    const view = await cluster.run(naps({ count: 500, ms: 100, times: 2 }));
    expect(view.result).toEqual(Array(500).fill(100));
    expect(Date.parse(view.finishedAt ?? '') - Date.parse(view.startedAt ?? '')).toBe(200);
    expect(calls.get('commit')).toBe(1);
  });

  it('holds no slot: as many sleep at once as there are', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 2, slots: 2 });
    const view = await cluster.run(naps({ count: 300, ms: 200 }));
    expect(view.result).toHaveLength(300);
    expect(Date.parse(view.finishedAt ?? '') - Date.parse(view.startedAt ?? '')).toBeLessThan(250);
  });

  it('is recorded when it sleeps for longer, once for all that it has done by then', async () => {
    const { calls, around } = counted();
    await using cluster = await memoryCluster({ coroutines, workers: 1, store: { around } });
    const { id } = await cluster.client.submit('naps', { count: 1, ms: 100, times: 3 });
    await pause(cluster, 190);
    const member = await firstMember(cluster, id);
    expect(await cluster.client.get(member)).toMatchObject({ state: 'running' });
    await pause(cluster, 20);
    expect(await cluster.client.get(member)).toMatchObject({ state: 'suspended' });
    const view = await cluster.client.wait(id, 1000);
    expect(Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '')).toBe(300);
    expect(calls.get('commit')).toBe(3); // the gather, the third sleep, its end
  });

  it('is cancelled in its sleep', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 1 });
    const { id } = await cluster.client.submit('naps', { count: 2, ms: 200 });
    await pause(cluster, 50);
    await cluster.client.cancel(await firstMember(cluster, id));
    const view = await cluster.client.wait(id, 1000);
    expect(view).toMatchObject({ state: 'cancelled' });
    expect(Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '')).toBeLessThan(100);
  });

  it('hears of a cancel between two sleeps, and goes on if it likes', async () => {
    const stubborn = coroutine('stubborn', async (loop: Loop) => {
      const log: string[] = [];
      for (let i = 0; i < 4; i++)
        try {
          await loop.sleep(60);
          log.push('slept');
        } catch (error) {
          log.push(String((error as Error).name));
        }
      return log;
    });
    const both = coroutine('both', async (loop: Loop) => loop.gather([stubborn()]));
    for (const alwaysReplay of [false, true]) {
      await using cluster = await memoryCluster({ coroutines: [stubborn, both], workers: 1, alwaysReplay });
      const { id } = await cluster.client.submit('both', {});
      await pause(cluster, 90);
      await cluster.client.cancel(await firstMember(cluster, id), 'enough');
      const view = await cluster.client.wait(id, 1000);
      expect(view?.result).toEqual([['slept', 'CancelledError', 'slept', 'slept']]);
    }
  });

  it('begins again when its worker dies', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 1 });
    const { id } = await cluster.client.submit('naps', { count: 3, ms: 200 });
    await pause(cluster, 100);
    cluster.kill(cluster.workers[0] as (typeof cluster.workers)[0]);
    await cluster.addWorker();
    expect(await cluster.client.wait(id, 20_000)).toMatchObject({ state: 'succeeded', result: [200, 200, 200] });
  });
});

describe('U1 a member that does one step', () => {
  it('costs no commit', async () => {
    const { calls, around } = counted();
    const one = coroutine('one', async (loop: Loop) => (await loop.step('read', async () => 20)) + 1);
    const all = coroutine('all', async (loop: Loop) => loop.gather(Array.from({ length: 50 }, () => one())));
    await using cluster = await memoryCluster({ coroutines: [one, all], workers: 1, store: { around } });
    expect((await cluster.run(all())).result).toEqual(Array(50).fill(21));
    expect(calls.get('commit')).toBe(1);
  });

  it('has its outcome recorded before it does another, and does each once', async () => {
    const seen: string[] = [];
    const two = coroutine('two', async (loop: Loop) => {
      const first = await loop.step('first', async () => seen.push('first'));
      const second = await loop.step('second', async () => seen.push('second'));
      return [first, second];
    });
    const all = coroutine('all', async (loop: Loop) => loop.gather([two()]));
    for (const alwaysReplay of [false, true]) {
      seen.length = 0;
      await using cluster = await memoryCluster({
        ...{ coroutines: [two, all], workers: 1, alwaysReplay },
        store: {
          around: async (method, call) => {
            if (method === 'commit' || method === 'settle') seen.push(method);
            return call();
          },
        },
      });
      const view = await cluster.run(all());
      expect(view.result).toEqual([[1 + seen.indexOf('first'), 1 + seen.indexOf('second')]]);
      expect(seen.indexOf('commit', seen.indexOf('first'))).toBeLessThan(seen.indexOf('second'));
      expect(seen.filter((what) => what === 'first' || what === 'second')).toEqual(['first', 'second']);
    }
  });

  it('does no other when its claim is lost', async () => {
    const seen: string[] = [];
    const two = coroutine('two', async (loop: Loop) => {
      await loop.step('first', async () => seen.push('first'));
      return await loop.step('second', async () => seen.push('second'));
    });
    const all = coroutine('all', async (loop: Loop) => loop.gather([two()]));
    let commits = 0;
    await using cluster = await memoryCluster({
      ...{ coroutines: [two, all], workers: 1 },
      store: {
        around: async <T>(method: string, call: () => T): Promise<T> => {
          if (method !== 'commit' || ++commits !== 2) return call();
          const lost = { claims: [], hints: [], news: [], mail: [], slots: 100, answers: [{ kind: 'fenced' }] };
          return lost as T;
        },
      },
    });
    const { id } = await cluster.client.submit('all', {});
    await pause(cluster, 1000);
    expect(seen).toEqual(['first']);
    // Nobody here runs what the store has as claimed: it is given back (K3), and begins again.
    expect(await cluster.client.wait(id, 20_000)).toMatchObject({ state: 'succeeded' });
    expect(seen).toEqual(['first', 'first', 'second']);
  });

  it('has its outcome recorded when it goes on to wait for something else', async () => {
    const answered = Promise.withResolvers<void>();
    const waits = coroutine('waits', async (loop: Loop) => {
      const value = await loop.step('first', () => 'done');
      await answered.promise; // plain I/O
      return value;
    });
    const all = coroutine('all', async (loop: Loop) => loop.gather([waits()]));
    await using cluster = await memoryCluster({ coroutines: [waits, all], workers: 1 });
    const { id } = await cluster.client.submit('all', {});
    await pause(cluster, 10);
    const member = await firstMember(cluster, id);
    expect((await cluster.store.inbox(member, 0, 10)).map(({ kind }) => kind)).toEqual(['step']);
    answered.resolve();
    expect((await cluster.client.wait(id, 1000))?.result).toEqual(['done']);
  });
});
