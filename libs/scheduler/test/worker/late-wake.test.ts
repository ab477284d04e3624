/** What a coroutine is woken for while a turn of its own is on its way to the store is not forgotten. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { coroutine } from '../../src/loop/coroutines.ts';
import { memoryCluster } from '../../src/testing/cluster.ts';

it('a cancel that strikes while a commit is under way ends the task', async () => {
  const io = Promise.withResolvers<void>();
  let holding = false;
  const tidy = coroutine('tidy', async (loop) => {
    try {
      await loop.sleep(60_000);
    } finally {
      await io.promise; // plain I/O: the loop does not see it
      await loop.sleep(60_000);
    }
  });
  await using cluster = await memoryCluster({
    coroutines: [tidy],
    store: {
      around: async (name, call) => {
        if (name !== 'commit' || !holding) return call();
        io.resolve(); // the coroutine goes on while its turn is written
        await setImmediate();
        return call();
      },
    },
  });
  const { id } = await cluster.client.submit('tidy', {});
  const started = await cluster.client.wait(id, 1000);
  expect(started?.state).toBe('suspended');
  holding = true;
  await Promise.all([cluster.client.cancel(id, 'first'), cluster.client.cancel(id, 'second')]);
  expect(await cluster.client.wait(id, 30_000)).toMatchObject({ state: 'cancelled', error: { message: 'second' } });
});
