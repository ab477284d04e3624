/** Coroutines that let errors go unhandled, or end their process: who is to blame, and who is not. */
import { describe, expect, it } from 'vitest';
import { blameTask, CancelledError, coroutine, type Loop, runningTask } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

describe('an error that nobody handles', () => {
  it('fails the task whose code let it go, and no other', async () => {
    const careless = coroutine('careless', async (loop: Loop) => {
      void Promise.resolve().then(() => blameTask(new RangeError('stray')));
      await loop.sleep(60_000);
    });
    const careful = coroutine('careful', async (loop: Loop) => await loop.sleep(1000, 'slept'));
    const root = coroutine('root', async (loop: Loop) =>
      loop.gather([careful(), careless(), careful()], { returnExceptions: true }),
    );
    await using cluster = await memoryCluster({ coroutines: [root, careful, careless], workers: 1 });
    const view = await cluster.run(root());
    expect(view.children).toMatchObject({ succeeded: 2, failed: 1 });
    const { nodes } = (await cluster.client.tree(view.id)) ?? { nodes: [] };
    expect(nodes.find(({ state }) => state === 'failed')?.error).toMatchObject({
      type: 'RangeError',
      message: 'stray',
      task: expect.stringContaining('careless t_'),
    });
  });

  it('is named also when it comes out of a step', async () => {
    let named: unknown;
    const root = coroutine('root', async (loop: Loop) =>
      loop.step('look', () => {
        named = runningTask();
        return 'seen';
      }),
    );
    await using cluster = await memoryCluster({ coroutines: [root], workers: 1 });
    const view = await cluster.run(root());
    expect(view).toMatchObject({ state: 'succeeded', result: 'seen' });
    expect(named).toEqual({ id: view.id, coroutine: 'root' });
    expect(runningTask()).toBeUndefined();
  });

  it('is no error when it is a cancel', async () => {
    const root = coroutine('root', async (loop: Loop) => {
      void Promise.resolve().then(() => blameTask(new CancelledError('nobody waits')));
      return await loop.sleep(1000, 'slept');
    });
    await using cluster = await memoryCluster({ coroutines: [root], workers: 1 });
    expect(await cluster.run(root())).toMatchObject({ state: 'succeeded', result: 'slept' });
  });
});

describe('a coroutine that kills its worker', () => {
  it('fails after the third one, and who ran beside it succeeds', async () => {
    let kill: () => void = () => undefined;
    const poison = coroutine('poison', async (loop: Loop) => {
      await loop.sleep(10);
      kill();
      await new Promise(() => undefined);
    });
    const innocent = coroutine('innocent', async (loop: Loop) => {
      await loop.step('work', () => new Promise((resolve) => cluster.clock.setTimer(3000, () => resolve('done'))));
      return 'done';
    });
    const root = coroutine('root', async (loop: Loop) =>
      loop.gather([innocent(), poison(), innocent()], { returnExceptions: true }),
    );
    await using cluster = await memoryCluster({ coroutines: [root, poison, innocent], workers: 1 });
    const { id } = await cluster.client.submit('root', {});
    let killed = 0;
    kill = () => {
      const victim = cluster.workers.at(0);
      if (victim === undefined) return;
      killed += 1;
      cluster.kill(victim);
      void cluster.addWorker();
    };
    const view = await cluster.client.wait(id, 600_000);
    expect(killed).toBe(3);
    expect(view?.children).toMatchObject({ succeeded: 2, failed: 1 });
    const { nodes } = (await cluster.client.tree(id)) ?? { nodes: [] };
    expect(nodes.find(({ state }) => state === 'failed')?.error?.type).toBe('WorkerCrashed');
  });
});

describe('a worker that stops', () => {
  it('hands a task over as soon as it suspends, and counts no attempt', async () => {
    const root = coroutine('root', async (loop: Loop) => {
      await new Promise<void>((resolve) => void cluster.clock.setTimer(500, resolve));
      return await loop.sleep(60_000, 'slept');
    });
    await using cluster = await memoryCluster({ coroutines: [root], workers: 1 });
    const { id } = await cluster.client.submit('root', {});
    await new Promise<void>((resolve) => void cluster.clock.setTimer(200, resolve));
    const [first] = cluster.workers;
    await cluster.addWorker();
    const before = cluster.clock.monotonic();
    await first?.stop();
    expect(cluster.clock.monotonic() - before).toBeLessThan(1000);
    expect(await cluster.client.wait(id, 600_000)).toMatchObject({ state: 'succeeded', result: 'slept', attempt: 1 });
  });
});
