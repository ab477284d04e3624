/** Retries as a coroutine and who awaits it see them, live and with replay at every suspension. */
import { describe, expect, it } from 'vitest';
import {
  type AnyCoroutineFunction,
  CancelledError,
  coroutine,
  type Loop,
  type RetryPolicy,
  type TaskView,
} from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const retry: RetryPolicy = { attempts: 3, initialMs: 1_000, jitter: 0 };

class AppError extends Error {
  override name = 'AppError';
}

/** Lets virtual time pass until the task is seen like this; ten minutes at most. */
async function reached(cluster: MemoryCluster, id: string, test: (view: TaskView) => boolean): Promise<void> {
  for (let looks = 0; looks < 6_000; looks++) {
    const view = await cluster.client.get(id);
    if (view !== undefined && test(view)) return;
    await new Promise<void>((resolve) => cluster.clock.setTimer(100, resolve));
  }
  throw new Error(`task ${id} was never seen like this`);
}

const late = coroutine('late', async (loop, { ms }: { ms: number }) => {
  try {
    return await loop.sleep(ms, 'slept');
  } finally {
    loop.log('tidy');
    await loop.sleep(10);
  }
});

for (const alwaysReplay of [false, true])
  describe(alwaysReplay ? 'with replay at every suspension' : 'live', () => {
    const clusterOf = (...coroutines: AnyCoroutineFunction[]) =>
      memoryCluster({ coroutines: [late, ...coroutines], alwaysReplay });

    it('an attempt that fails is followed by another, which does everything anew', async () => {
      const ids = new Set<string>();
      const flaky = coroutine(
        'flaky',
        async (loop: Loop) => {
          const { failures } = loop.currentTask();
          loop.log(failures);
          const step = await loop.step('count', () => failures * 10);
          const task = loop.createTask(late({ ms: 100 }));
          ids.add(task.id);
          await task;
          if (failures < 2) throw new AppError(`no ${failures}`);
          return [step, await loop.gather([late({ ms: 1 }), late({ ms: 2 })])];
        },
        { retry },
      );
      await using cluster = await clusterOf(flaky);
      const view = await cluster.run(flaky());
      expect(view).toMatchObject({ state: 'succeeded', result: [20, ['slept', 'slept']], attempt: 3 });
      expect(view.retry).toMatchObject({ failures: 2, error: { type: 'AppError', message: 'no 1' }, at: null });
      expect(ids.size).toBe(3);
      expect(view.children).toMatchObject({ total: 5, succeeded: 5 });
      expect((await cluster.client.logs(view.id))?.find(({ task }) => task === view.id)?.entries).toEqual([0, 1, 2]);
      const took = Date.parse(view.finishedAt ?? '') - Date.parse(view.createdAt);
      expect(took).toBeGreaterThanOrEqual(3_300);
      expect(took).toBeLessThan(3_500); // the alarms of the worker, not the sweep of every second
    });

    it('the last failure is the outcome, and whoever awaits hears of it alone', async () => {
      const fails = coroutine('fails', async (loop: Loop) => {
        throw new AppError(`no ${loop.currentTask().failures}`);
      });
      const root = coroutine('root', async (loop: Loop) => {
        try {
          await loop.createTask(fails(), { retry });
        } catch (error) {
          return [(error as Error).name, (error as Error).message];
        }
        return 'not raised';
      });
      await using cluster = await clusterOf(root, fails);
      expect((await cluster.run(root())).result).toEqual(['AppError', 'no 2']);
    });

    it("the task's own policy holds instead of the coroutine's", async () => {
      const fails = coroutine('fails', (loop: Loop) => Promise.reject(new AppError(`${loop.currentTask().failures}`)), {
        retry,
      });
      const root = coroutine('root', (loop: Loop) => loop.createTask(fails(), { retry: { attempts: 1 } }));
      await using cluster = await clusterOf(root, fails);
      expect((await cluster.run(root())).error).toMatchObject({ message: '0' });
      expect((await cluster.run(fails())).error).toMatchObject({ message: '2' });
    });

    it('members of a gather are retried', async () => {
      const flaky = coroutine(
        'flaky',
        async (loop: Loop, { n }: { n: number }) => {
          if (loop.currentTask().failures < n) throw new AppError('no');
          return n;
        },
        { retry },
      );
      const root = coroutine('root', (loop: Loop) => loop.gather([0, 1, 2].map((n) => flaky({ n }))));
      await using cluster = await clusterOf(root, flaky);
      expect((await cluster.run(root())).result).toEqual([0, 1, 2]);
    });

    it('tasks that the failed attempt has left behind are cancelled, and have ended when the next begins', async () => {
      const flaky = coroutine(
        'flaky',
        async (loop: Loop) => {
          if (loop.currentTask().failures > 0) return 'done';
          loop.createTask(late({ ms: 1e9 }));
          void loop.gather([late({ ms: 1e9 }), late({ ms: 1e9 })]);
          await loop.sleep(100);
          throw new AppError('no');
        },
        { retry },
      );
      await using cluster = await clusterOf(flaky);
      const view = await cluster.run(flaky());
      expect(view).toMatchObject({ state: 'succeeded', result: 'done', children: { total: 3, cancelled: 3 } });
      const tidied = (await cluster.client.logs(view.id)) ?? [];
      expect(tidied.map(({ entries }) => entries)).toEqual([['tidy'], ['tidy'], ['tidy']]);
    });

    it('what was cancelled is not retried, nor is what was cancelled and then failed', async () => {
      const ends = coroutine(
        'ends',
        async (loop: Loop, { error }: { error: string }) => {
          try {
            await loop.sleep(1e6);
          } catch (cancelled) {
            throw error === '' ? cancelled : new AppError(error);
          }
        },
        { retry },
      );
      const root = coroutine('root', async (loop: Loop) => {
        const tasks = ['', 'instead'].map((error) => loop.createTask(ends({ error })));
        await loop.sleep(10);
        for (const task of tasks) task.cancel();
        await loop.wait(tasks);
        return tasks.map((task) => task.outcome().state);
      });
      await using cluster = await clusterOf(root, ends);
      expect((await cluster.run(root())).result).toEqual(['cancelled', 'failed']);
    });

    it('a cancel in the wait ends it at once', async () => {
      const fails = coroutine('fails', () => Promise.reject(new AppError('no')), {
        retry: { attempts: 2, initialMs: 3_600_000, jitter: 0 },
      });
      const root = coroutine('root', async (loop: Loop) => {
        const task = loop.createTask(fails());
        await loop.sleep(5_000);
        task.cancel('enough');
        const error = await task.then(
          () => 'none',
          (raised: unknown) => raised,
        );
        return [error instanceof CancelledError, (error as Error).message];
      });
      await using cluster = await clusterOf(root, fails);
      const view = await cluster.run(root());
      expect(view.result).toEqual([true, 'enough']);
      expect(Date.parse(view.finishedAt ?? '') - Date.parse(view.createdAt)).toBeLessThan(6_000);
    });

    it('a worker that dies is no attempt: not of the failed one, nor in the wait', async () => {
      const flaky = coroutine(
        'flaky',
        async (loop: Loop) => {
          await loop.sleep(3_000);
          if (loop.currentTask().failures === 0) throw new AppError('no');
          return await loop.gather([late({ ms: 3_000 })]);
        },
        { retry: { attempts: 2, initialMs: 10_000, jitter: 0 } },
      );
      await using cluster = await clusterOf(flaky);
      const { id } = await cluster.client.submit('flaky', {});
      const kill = async (): Promise<void> => {
        const view = await cluster.client.get(id);
        const victim = cluster.workers.find((worker) => worker.id === view?.worker);
        if (victim !== undefined) cluster.kill(victim);
        await cluster.addWorker();
      };
      await reached(cluster, id, ({ state }) => state === 'suspended');
      await kill(); // in the first attempt
      await reached(cluster, id, ({ retry: waits }) => waits?.at != null);
      await kill(); // in the wait
      await reached(cluster, id, ({ state, attempt }) => state === 'suspended' && attempt === 3);
      await kill(); // in the second attempt
      const view = await cluster.client.wait(id, 60_000);
      expect(view).toMatchObject({ state: 'succeeded', result: ['slept'], attempt: 4, retry: { failures: 1 } });
    });
  });

it('a policy that is none is refused where it is given', async () => {
  const wrong = { retry: { attempts: 0 } };
  const task = coroutine('task', () => 1);
  expect(() => coroutine('x', () => 1, wrong)).toThrow('coroutine x: retry.attempts must be a whole number from 1');
  const root = coroutine('root', (loop: Loop) => loop.createTask(task(), wrong));
  await using cluster = await memoryCluster({ coroutines: [root, task] });
  expect((await cluster.run(root())).error?.message).toContain('createTask: retry.attempts');
  await expect(cluster.client.submit('task', {}, wrong)).rejects.toThrow('submit: retry.attempts');
});
