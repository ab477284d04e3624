/** Power loss or a failover takes the end of what the store had acknowledged: the worker goes on from what is left. */
import { expect, it } from 'vitest';
import type { TurnAnswer } from '../../src/contract/store.ts';
import { coroutine, type Loop } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

/** The first call of a method is acknowledged so, and lost. */
function forgetting(method: string, answer: object) {
  let forgets = true;
  return async <T>(called: string, call: () => T): Promise<T> => {
    if (called !== method || !forgets) return call();
    forgets = false;
    return { claims: [], hints: [], news: [], mail: [], ...answer } as T;
  };
}

it('a task of which the store knows less than its worker is replayed, and no attempt is counted', async () => {
  let runs = 0;
  const warnings: string[] = [];
  const root = coroutine('root', async (loop: Loop) => {
    runs += 1;
    await loop.sleep(1000);
    await loop.sleep(1000);
    return 'slept';
  });
  let once = true;
  const lose = <T>(method: string, call: () => T): Promise<T> => {
    const answer = call() as T & { answers?: TurnAnswer[] };
    if (method !== 'commit' || !once || runs === 0) return Promise.resolve(answer);
    once = false;
    return Promise.resolve({ ...answer, answers: answer.answers?.map(() => ({ kind: 'behind' })) } as T);
  };
  await using cluster = await memoryCluster({
    coroutines: [root],
    workers: 1,
    store: { around: async (method, call) => await lose(method, call) },
    instrument: { warning: (message) => void warnings.push(message) },
  });
  expect(await cluster.run(root())).toMatchObject({ state: 'succeeded', result: 'slept', attempt: 1 });
  expect(runs).toBe(2);
  expect(warnings.join()).toContain('the store has lost what it knew of it');
});

it.each([1, 4])(
  'a task whose end the store has forgotten is given back and runs again (%i partitions)',
  async (partitions) => {
    let runs = 0;
    const root = coroutine('root', async () => ++runs);
    const idle = coroutine('idle', async (loop: Loop) => await loop.sleep(3_600_000));
    const warnings: string[] = [];
    await using cluster = await memoryCluster({
      coroutines: [root, idle],
      workers: 1,
      store: {
        partitions,
        around: forgetting('settle', { answers: [{ kind: 'settled' }] }),
      },
      instrument: { warning: (message) => void warnings.push(message) },
    });
    const others = await Promise.all(Array.from({ length: 8 }, () => cluster.client.submit('idle', {})));
    expect(await cluster.run(root())).toMatchObject({ state: 'succeeded', result: 2, attempt: 1 });
    for (const { id } of others) expect(await cluster.client.get(id)).toMatchObject({ state: 'suspended', attempt: 1 });
    expect(warnings.join()).toContain('1 tasks that are claimed for this worker and do not run here are given back');
  },
);

it('a task whose gather the store has forgotten does not wait for it: it is replayed, and begins it again', async () => {
  const leaf = coroutine('leaf', async (_: Loop, { n }: { n: number }) => n);
  let runs = 0;
  const root = coroutine('root', async (loop: Loop) => {
    runs += 1;
    return await loop.gather([1, 2, 3].map((n) => leaf({ n })));
  });
  const warnings: string[] = [];
  await using cluster = await memoryCluster({
    coroutines: [root, leaf],
    workers: 1,
    store: {
      around: forgetting('commit', { answers: [{ kind: 'committed', events: [] }], slots: 1 }),
    },
    instrument: { warning: (message) => void warnings.push(message) },
  });
  expect(await cluster.run(root())).toMatchObject({ state: 'succeeded', result: [1, 2, 3], attempt: 1 });
  expect(runs).toBe(2);
  expect(warnings.join()).toContain('the store has lost what it knew of it');
});
