/** Time limits as a coroutine and who awaits it see them, live and with replay at every suspension. */
import { describe, expect, it } from 'vitest';
import {
  type AnyCoroutineFunction,
  coroutine,
  ExpiredError,
  type Loop,
  type SubmitOptions,
  type TaskView,
  TimeoutError,
} from '../../src/index.ts';
import { type MemoryCluster, memoryCluster, replayHistory } from '../../src/testing/index.ts';

/** Sleeps, and ends as it is told when it is cancelled. */
const nap = coroutine('nap', async (loop, args: { ms: number; end?: string; cleanup?: number }) => {
  const { ms, end = 'passes', cleanup = 10 } = args;
  try {
    return await loop.sleep(ms, 'slept');
  } catch (error) {
    loop.log('cut');
    await loop.sleep(cleanup);
    loop.log('tidied');
    if (end === 'swallows') return 'swallowed';
    throw end === 'fails' ? Object.assign(new Error('instead'), { name: 'AppError' }) : error;
  }
});

const raised = async (task: PromiseLike<unknown>): Promise<[string, string]> => {
  const error = await Promise.resolve(task).then(
    () => new Error('nothing was raised'),
    (each: unknown) => each as Error,
  );
  return [error.name, error.message];
};

const tookMs = ({ createdAt, finishedAt }: TaskView): number => Date.parse(finishedAt ?? '') - Date.parse(createdAt);

async function submitted(cluster: MemoryCluster, name: string, args: unknown, options: SubmitOptions) {
  const { id } = await cluster.client.submit(name, args, options);
  const view = (await cluster.client.wait(id, 3_600_000)) as TaskView;
  const logs = (await cluster.client.logs(id)) ?? [];
  return { view, log: logs.find(({ task }) => task === id)?.entries ?? [] };
}

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));

/** As kill -9 of whoever runs it; another worker comes. */
async function killWorkerOf(cluster: MemoryCluster, id: string): Promise<void> {
  const view = await cluster.client.get(id);
  const victim = cluster.workers.find((worker) => worker.id === view?.worker);
  if (victim !== undefined) cluster.kill(victim);
  await cluster.addWorker();
}

for (const alwaysReplay of [false, true]) {
  const clusterOf = (...coroutines: AnyCoroutineFunction[]) =>
    memoryCluster({ coroutines: [nap, ...coroutines], alwaysReplay });

  describe(`timeout${alwaysReplay ? ', with replay at every suspension' : ''}`, () => {
    it.each([
      ['passes', { state: 'failed', error: { type: 'TimeoutError', message: '' } }],
      ['swallows', { state: 'succeeded', result: 'swallowed' }],
      ['fails', { state: 'failed', error: { type: 'AppError', message: 'instead' } }],
    ])('cancels the attempt, whose own end counts: it %s', async (end, outcome) => {
      await using cluster = await clusterOf();
      const { view, log } = await submitted(cluster, 'nap', { ms: 60_000, end }, { timeout: 2_000 });
      expect(view).toMatchObject(outcome);
      expect(log).toEqual(['cut', 'tidied']);
      expect(tookMs(view)).toBeGreaterThanOrEqual(2_010);
      expect(tookMs(view)).toBeLessThan(2_050); // by the worker's own timer, not by the sweep of every second
      const history = await cluster.client.history(view.id);
      expect(history?.steps).toContainEqual({ event: { kind: 'timeout', wave: expect.any(String) } });
      if (history !== undefined) expect(await replayHistory(nap, history)).toMatchObject({ state: view.state });
    });

    it('does nothing to a task that ends before', async () => {
      await using cluster = await clusterOf();
      const { view, log } = await submitted(cluster, 'nap', { ms: 1_000 }, { timeout: 1_001 });
      expect(view).toMatchObject({ state: 'succeeded', result: 'slept' });
      expect(log).toEqual([]);
    });

    it('converts its own cancel only', async () => {
      const root = coroutine('root', async (loop: Loop) => {
        const tasks = [400, 600].map((ms) => {
          const task = loop.createTask(nap({ ms: 60_000, cleanup: 200 }), { timeout: 500 });
          return [ms, task] as const;
        });
        for (const [ms, task] of tasks) {
          await loop.wait([task], { timeout: ms === 400 ? 400 : 200 });
          task.cancel('somebody else'); // before the timeout, and in the cleanup after it
        }
        return [await raised(tasks[0]?.[1] as never), await raised(tasks[1]?.[1] as never)];
      });
      await using cluster = await clusterOf(root);
      expect((await cluster.run(root())).result).toEqual([
        ['CancelledError', expect.any(String)],
        ['CancelledError', expect.any(String)],
      ]);
    });

    it('is of the task, else of its coroutine; whoever awaits it hears of TimeoutError', async () => {
      const slow = coroutine('slow', async (loop: Loop) => loop.sleep(60_000), { timeout: 1_000 });
      const root = coroutine('root', async (loop: Loop) => {
        const began = loop.now();
        const errors = [
          await raised(loop.createTask(slow())),
          await raised(loop.createTask(slow(), { timeout: 3_000 })),
        ];
        const [member] = await loop.gather([slow()], { returnExceptions: true });
        return [errors, loop.now() - began, member instanceof TimeoutError];
      });
      await using cluster = await clusterOf(root, slow);
      const view = await cluster.run(root());
      expect(view.result).toEqual([
        [
          ['TimeoutError', ''],
          ['TimeoutError', ''],
        ],
        expect.closeTo(5_000, -2),
        true,
      ]);
    });

    it('aborts the signal of plain I/O, and a coroutine that does not listen has ended in vain', async () => {
      const listens = coroutine(
        'listens',
        (loop: Loop) =>
          new Promise((_, reject) => {
            loop.signal.addEventListener('abort', () => reject(new Error('aborted')));
          }),
        { timeout: 500 },
      );
      const io = (): Promise<string> => new Promise((resolve) => cluster.clock.setTimer(1_000, () => resolve('late')));
      const deaf = coroutine('deaf', io, { timeout: 500 });
      const root = coroutine('root', async (loop: Loop) => [
        await raised(loop.createTask(listens())),
        await raised(loop.createTask(deaf())),
      ]);
      await using cluster = await clusterOf(root, listens, deaf);
      expect((await cluster.run(root())).result).toEqual([
        ['Error', 'aborted'],
        ['TimeoutError', ''],
      ]);
    });

    it('is an end of the attempt like any other failure: each has its own time', async () => {
      const flaky = coroutine(
        'flaky',
        async (loop: Loop) => loop.sleep(loop.currentTask().failures < 2 ? 60_000 : 900, 'done'),
        { timeout: 1_000, retry: { attempts: 3, initialMs: 100, factor: 1, jitter: 0 } },
      );
      await using cluster = await clusterOf(flaky);
      const view = await cluster.run(flaky());
      expect(view).toMatchObject({ state: 'succeeded', result: 'done', retry: { failures: 2 } });
      expect(view.retry?.error).toMatchObject({ type: 'TimeoutError' });
      expect(tookMs(view)).toBeGreaterThanOrEqual(3_100);
      expect(tookMs(view)).toBeLessThan(3_500);
    });

    it('goes on while its worker dies, and is over when another has taken the task', async () => {
      await using cluster = await clusterOf();
      const { id } = await cluster.client.submit('nap', { ms: 600_000 }, { timeout: 20_000 });
      await pause(cluster, 15_000);
      await killWorkerOf(cluster, id);
      const view = (await cluster.client.wait(id, 600_000)) as TaskView;
      expect(view).toMatchObject({ error: { type: 'TimeoutError' }, attempt: 2 });
      expect(tookMs(view)).toBeLessThan(23_000);
      const other = await cluster.client.submit('nap', { ms: 600_000 }, { timeout: 2_000 });
      await pause(cluster, 1_000);
      await killWorkerOf(cluster, other.id);
      const late = (await cluster.client.wait(other.id, 600_000)) as TaskView;
      expect(late).toMatchObject({ error: { type: 'TimeoutError' }, attempt: 2 });
      expect(tookMs(late)).toBeLessThan(8_000);
      expect((await cluster.client.logs(other.id))?.[0]?.entries).toEqual(['cut', 'tidied']);
    });
  });

  describe(`deadline${alwaysReplay ? ', with replay at every suspension' : ''}`, () => {
    it('is of the task and all below it: awaited, gathered or left alone', async () => {
      const middle = coroutine('middle', async (loop: Loop) => {
        const alone = loop.createTask(nap({ ms: 600_000 }));
        const outcomes = await loop.gather([nap({ ms: 600_000, cleanup: 1_000 }), nap({ ms: 100 })], {
          returnExceptions: true,
        });
        return [alone.id, outcomes];
      });
      const root = coroutine('root', async (loop: Loop) => loop.createTask(middle()));
      await using cluster = await clusterOf(root, middle);
      const { view } = await submitted(cluster, 'root', {}, { deadline: 3_000 });
      expect(view).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' } });
      expect(tookMs(view)).toBeLessThan(4_500);
      const tree = await cluster.client.tree(view.id);
      const states = tree?.nodes.flatMap(({ error, nodes }) => [
        error?.type,
        ...nodes.map((node) => node.error?.type ?? node.result),
      ]);
      expect(states).toEqual(['TimeoutError', 'TimeoutError', 'TimeoutError', 'slept']);
      // one act: no cleanup was interrupted by a second cancel
      const logs = (await cluster.client.logs(view.id)) ?? [];
      expect(logs.map(({ entries }) => entries)).toEqual([
        ['cut', 'tidied'],
        ['cut', 'tidied'],
      ]);
    });

    it('is the smaller of the own and the inherited one, and told to the coroutine', async () => {
      const tells = coroutine('tells', (loop: Loop) => loop.currentTask().deadline ?? null);
      const middle = coroutine('middle', async (loop: Loop) => [
        loop.currentTask().deadline,
        await loop.createTask(tells(), { deadline: 10_000 }),
        await loop.createTask(tells(), { deadline: 900_000 }),
        ...(await loop.gather([tells()])),
      ]);
      await using cluster = await clusterOf(middle, tells);
      const { view } = await submitted(cluster, 'middle', {}, { deadline: 60_000 });
      const created = Date.parse(view.createdAt);
      const [own, smaller, inherited, member] = view.result as number[];
      expect([own, inherited, member]).toEqual([created + 60_000, created + 60_000, created + 60_000]);
      expect(smaller).toBeGreaterThanOrEqual(created + 10_000);
      expect(smaller).toBeLessThan(created + 11_000);
      expect((await cluster.run(tells())).result).toBe(null);
    });

    it('lets no attempt begin after it, nor wait for one', async () => {
      const fails = coroutine('fails', () => Promise.reject(Object.assign(new Error('no'), { name: 'AppError' })), {
        retry: { attempts: 100, initialMs: 1_000, factor: 1, jitter: 0 },
      });
      await using cluster = await clusterOf(fails);
      const { view } = await submitted(cluster, 'fails', {}, { deadline: 3_500 });
      expect(view).toMatchObject({ state: 'failed', error: { type: 'AppError' }, retry: { failures: 3 } });
      expect(tookMs(view)).toBeLessThan(3_500);
      const slow = await submitted(
        cluster,
        'nap',
        { ms: 600_000 },
        { deadline: 2_500, timeout: 1_000, retry: { attempts: 100, initialMs: 10 } },
      );
      expect(slow.view).toMatchObject({ error: { type: 'TimeoutError' }, retry: { failures: 2 } });
      expect(tookMs(slow.view)).toBeLessThan(2_600);
    });

    it('never starts what is created past it', async () => {
      const stubborn = coroutine('stubborn', async (loop: Loop) => {
        try {
          await loop.sleep(60_000);
        } catch {
          const [member] = await loop.gather([nap({ ms: 1 })], { returnExceptions: true });
          return [await raised(loop.createTask(nap({ ms: 1 }))), member];
        }
        return 'not cut';
      });
      await using cluster = await clusterOf(stubborn);
      const { view } = await submitted(cluster, 'stubborn', {}, { deadline: 1_000 });
      expect(view.result).toEqual([['TimeoutError', ''], { error: expect.objectContaining({ type: 'TimeoutError' }) }]);
      expect((await cluster.client.logs(view.id))?.length).toBe(0);
    });

    it('holds also when its worker dies, and when it comes from the coroutine', async () => {
      const limited = coroutine('limited', async (loop: Loop) => loop.createTask(nap({ ms: 600_000 })), {
        deadline: 4_000,
      });
      await using cluster = await clusterOf(limited);
      const { id } = await cluster.client.submit('limited', {});
      await pause(cluster, 1_000);
      await killWorkerOf(cluster, id);
      const view = (await cluster.client.wait(id, 600_000)) as TaskView;
      expect(view).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' } });
      expect(tookMs(view)).toBeLessThan(9_000);
    });

    it('strikes also where all that suspends is parked at once', async () => {
      const coroutines = [nap];
      await using cluster = await memoryCluster({ coroutines, alwaysReplay, parking: { maxSuspended: 0 } });
      const limits = { deadline: 30_000, timeout: 3_500 };
      const { view, log } = await submitted(cluster, 'nap', { ms: 600_000, end: 'swallows', cleanup: 60_000 }, limits);
      expect(view).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' }, attempt: 1 });
      expect(log).toEqual(['cut']); // by the timeout; the deadline has struck the cleanup
      expect(tookMs(view)).toBeGreaterThanOrEqual(30_000);
      expect(tookMs(view)).toBeLessThan(32_000);
    });

    it('wakes a parked task', async () => {
      const coroutines = [nap];
      await using cluster = await memoryCluster({ coroutines, alwaysReplay, parking: { parkAfterMs: 1_000 } });
      const { id } = await cluster.client.submit('nap', { ms: 6_000_000 }, { deadline: 600_000 });
      await pause(cluster, 10_000);
      expect(cluster.workers.reduce((sum, worker) => sum + worker.statistics().suspended, 0)).toBe(0);
      const view = (await cluster.client.wait(id, 1_000_000)) as TaskView;
      expect(view).toMatchObject({ error: { type: 'TimeoutError' }, attempt: 1 });
      expect(tookMs(view)).toBeLessThan(602_000);
    });
  });

  describe(`expiresAfter${alwaysReplay ? ', with replay at every suspension' : ''}`, () => {
    it('a task for which no worker had room in time never runs', async () => {
      const hold = coroutine('hold', async (loop: Loop) => {
        const late = loop.createTask(nap({ ms: 1 }), { expiresAfter: 1_500 });
        loop.log(await raised(late));
        return late.exception() instanceof ExpiredError;
      });
      await using cluster = await memoryCluster({ coroutines: [hold], alwaysReplay }); // nobody knows nap
      const { view, log } = await submitted(cluster, 'hold', {}, {});
      expect(view).toMatchObject({ result: true });
      expect(log).toEqual([['ExpiredError', 'the task has not started within 1500 ms']]);
      expect(tookMs(view)).toBeLessThan(3_000);
      const [late] = (await cluster.client.tree(view.id))?.nodes ?? [];
      expect(late).toMatchObject({ state: 'failed', attempt: 0, startedAt: null });
    });

    it('one that has started has as much time as it likes, whatever happens to its worker', async () => {
      await using cluster = await clusterOf();
      const { id } = await cluster.client.submit('nap', { ms: 20_000 }, { expiresAfter: 1_000 });
      await pause(cluster, 5_000);
      await killWorkerOf(cluster, id);
      expect(await cluster.client.wait(id, 600_000)).toMatchObject({ result: 'slept', attempt: 2 });
    });

    it("the coroutine's own is looked at by the worker that would start it, and is never retried", async () => {
      const fresh = coroutine('fresh', () => 'ran', {
        expiresAfter: 1_000,
        retry: { attempts: 5, on: ['ExpiredError'] },
      });
      await using cluster = await memoryCluster({ coroutines: [fresh], alwaysReplay, workers: 0 });
      const { id } = await cluster.client.submit('fresh', {});
      await pause(cluster, 2_000);
      await cluster.addWorker();
      const error = { type: 'ExpiredError', message: 'the task has not started within 1000 ms' };
      expect(await cluster.client.wait(id, 600_000)).toMatchObject({ state: 'failed', error });
      expect((await submitted(cluster, 'fresh', {}, {})).view).toMatchObject({ result: 'ran' });
      expect((await submitted(cluster, 'fresh', {}, { expiresAfter: 60_000 })).view).toMatchObject({ result: 'ran' });
    });
  });
}

it('a limit that is none is refused where it is given', async () => {
  const wrong = { timeout: 0 };
  const task = coroutine('task', () => 1);
  expect(() => coroutine('x', () => 1, wrong)).toThrow('coroutine x: timeout must be a number of milliseconds from 1');
  const root = coroutine('root', (loop: Loop) => loop.createTask(task(), { deadline: Number.NaN }));
  await using cluster = await memoryCluster({ coroutines: [root, task] });
  expect((await cluster.run(root())).error?.message).toContain('createTask: deadline must be');
  await expect(cluster.client.submit('task', {}, { expiresAfter: 1e16 })).rejects.toThrow('submit: expiresAfter must');
});
