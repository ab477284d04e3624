/** Retries and time limits on real worker processes, which are killed in the middle. */
import type { SubmitOptions, TaskTree, TaskView } from '@corral/scheduler';
import { describe, expect, it } from 'vitest';
import { connection, startWorkers, workers } from './fleet.ts';
import { until } from './until.ts';
import { endWorker, type WorkerProcess } from './worker-process.ts';

const submit = async (coroutine: string, args: unknown, options?: SubmitOptions): Promise<string> =>
  (await connection.client.submit(coroutine, args, options)).id;

const ended = async (id: string): Promise<TaskView> => (await connection.client.wait(id, 25_000)) as TaskView;

const seen = (id: string, test: (view: TaskView) => boolean): Promise<TaskView | undefined> =>
  until(
    () => connection.client.get(id),
    (view) => view !== undefined && test(view),
  );

async function killWorkerOf(view: TaskView | undefined): Promise<void> {
  const victim = workers.find(({ id }) => id === view?.worker);
  await endWorker(victim as WorkerProcess, 'SIGKILL');
}

const tookMs = ({ createdAt, finishedAt }: TaskView): number => Date.parse(finishedAt ?? '') - Date.parse(createdAt);

describe('a task that is retried', () => {
  it('begins anew until it succeeds, also when the worker of the failed attempt is killed in the wait', async () => {
    await startWorkers(10, 10);
    const id = await submit('flaky', { fails: 2 });
    await killWorkerOf(await seen(id, ({ retry }) => retry?.at != null));
    const view = await ended(id);
    expect(view).toMatchObject({
      ...{ state: 'succeeded', result: 4, attempt: 3 },
      retry: { failures: 2, error: { type: 'RangeError', message: 'no 1' }, at: null },
      children: { total: 3, succeeded: 3 },
    });
    expect(await connection.client.logs(id)).toEqual([{ task: id, entries: [0, 1, 2] }]);
    expect(tookMs(view)).toBeGreaterThanOrEqual(3_000);
  });

  it('ends with its last failure', async () => {
    await startWorkers(10, 10);
    const view = await ended(await submit('flaky', { fails: 9 }, { retry: { attempts: 3, initialMs: 10 } }));
    expect(view).toMatchObject({ state: 'failed', error: { message: 'no 2' }, attempt: 3, retry: { failures: 2 } });
  });
});

describe('a timeout', () => {
  it('ends plain I/O that hangs, attempt by attempt', async () => {
    await startWorkers(10, 10);
    const view = await ended(await submit('hang', {}, { timeout: 300, retry: { attempts: 2, initialMs: 10 } }));
    expect(view).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' }, retry: { failures: 1 } });
    expect(tookMs(view)).toBeGreaterThanOrEqual(600);
  });

  it('goes on while the worker is dead: the next one ends the attempt, cleanup included', async () => {
    await startWorkers(10, 10);
    const id = await submit('nap', { ms: 3_600_000 }, { timeout: 2_000 });
    await killWorkerOf(await seen(id, ({ state }) => state === 'suspended'));
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' }, attempt: 2 });
    expect(await connection.client.logs(id)).toEqual([{ task: id, entries: ['awake'] }]);
  });
});

describe('a deadline', () => {
  it('ends a whole tree, each task of it for itself', async () => {
    await startWorkers(10, 10);
    const id = await submit('nest', { levels: 3 }, { deadline: 3_000 });
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { type: 'TimeoutError' } });
    const tasks = (tree: TaskTree): TaskTree[] => [tree, ...tree.nodes.flatMap(tasks)];
    const all = tasks((await connection.client.tree(id)) as TaskTree);
    expect(all.map(({ error }) => error?.type)).toEqual(Array(15).fill('TimeoutError'));
  });
});

describe('a task that expires', () => {
  it('never runs, as no worker has room for it, and who waits is told', async () => {
    await startWorkers(1, 1);
    const busy = [await submit('hang', {}), await submit('hang', {})];
    for (const id of busy) await seen(id, ({ state }) => state === 'running');
    const view = await ended(await submit('double', { n: 1 }, { expiresAfter: 500 }));
    expect(view).toMatchObject({ state: 'failed', error: { type: 'ExpiredError' }, attempt: 0, startedAt: null });
    for (const id of busy) await connection.client.cancel(id);
    expect(await ended(await submit('double', { n: 1 }, { expiresAfter: 10_000 }))).toMatchObject({ result: 2 });
  });
});

describe('without any worker', () => {
  it('a process that sweeps, as an API does, tells that a task has expired', async () => {
    const sweeper = connection.sweeper();
    sweeper.start();
    const id = await submit('steady', {}, { expiresAfter: 200 });
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { type: 'ExpiredError' } });
    await sweeper.stop();
  });
});
