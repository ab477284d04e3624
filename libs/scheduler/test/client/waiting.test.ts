/** What a client asks the store for while it waits for a task that it has submitted. */
import { expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const echo = coroutine('echo', async (_loop, args: unknown) => args);
const slow = coroutine('slow', async (loop: Loop, ms: number) => loop.sleep(ms, 'slept'));

const coroutines = [echo, slow];

/** `asked`: calls of a reader. `deaf`: no news arrives, neither here nor at workers. */
async function listeningCluster() {
  const asked: string[] = [];
  const state = { deaf: false };
  const cluster = await memoryCluster({
    coroutines,
    store: {
      around: async (method, call) => {
        if (method === 'watch' || method === 'records') asked.push(method);
        return call();
      },
      carry: (deliver) => {
        if (!state.deaf) queueMicrotask(deliver);
      },
    },
  });
  await cluster.run(echo(0)); // from now on the client listens
  asked.splice(0);
  return { cluster, asked, state };
}

const pause = (cluster: MemoryCluster, ms: number) =>
  new Promise<void>((resolve) => cluster.clock.setTimer(ms, resolve));

it('nothing when the news tells the outcome', async () => {
  const { cluster, asked } = await listeningCluster();
  await using _ = cluster;
  expect(await cluster.run(echo({ a: 1 }))).toMatchObject({ state: 'succeeded', result: { a: 1 } });
  expect(asked).toEqual([]);
});

it('nothing when the task has ended before the wait begins', async () => {
  const { cluster, asked } = await listeningCluster();
  await using _ = cluster;
  const { id } = await cluster.client.submit('echo', 7);
  await pause(cluster, 500);
  expect(await cluster.client.wait(id, 1000)).toMatchObject({ state: 'succeeded', result: 7 });
  expect(asked).toEqual([]);
});

it('how it stands when the wait begins later, or again', async () => {
  const { cluster, asked } = await listeningCluster();
  await using _ = cluster;
  const { id } = await cluster.client.submit('echo', 7);
  await pause(cluster, 1500);
  expect(await cluster.client.wait(id, 1000)).toMatchObject({ result: 7 });
  expect(asked).toEqual(['watch']);
  expect(await cluster.client.wait(id, 1000)).toMatchObject({ result: 7 });
  expect(asked).toEqual(['watch', 'watch']);
});

it('how it stands when the time is over', async () => {
  const { cluster, asked } = await listeningCluster();
  await using _ = cluster;
  const { id } = await cluster.client.submit('slow', 10_000);
  expect(await cluster.client.wait(id, 1500)).toMatchObject({ state: 'suspended' });
  expect(asked).toEqual(['records']);
});

it('the outcome within two seconds when the news is lost', async () => {
  const { cluster, state } = await listeningCluster();
  await using _ = cluster;
  state.deaf = true;
  const before = cluster.clock.monotonic();
  expect(await cluster.run(echo(7))).toMatchObject({ state: 'succeeded', result: 7 });
  expect(cluster.clock.monotonic() - before).toBeLessThanOrEqual(4000); // the hint was lost, too
});

it('nothing of the many that nobody waits for', async () => {
  const { cluster, asked } = await listeningCluster();
  await using _ = cluster;
  const views = await Promise.all(Array.from({ length: 1500 }, (_each, n) => cluster.client.submit('echo', n)));
  const last = await cluster.client.wait(views.at(-1)?.id ?? '', 60_000);
  expect(last).toMatchObject({ result: 1499 });
  expect(asked).not.toContain('watch');
  expect(await cluster.client.wait(views[0]?.id ?? '', 60_000)).toMatchObject({ result: 0 });
  expect(asked).toContain('watch');
});
