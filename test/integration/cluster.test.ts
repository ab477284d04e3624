/** Tasks on real worker processes, with real Redis and BullMQ in between. */
import type { TaskTree } from '@corral/scheduler';
import { describe, expect, it } from 'vitest';
import { addWorker, connection, repartition, startWorkers, workers } from './fleet.ts';
import { until } from './until.ts';
import { endWorker, type WorkerProcess } from './worker-process.ts';

async function run(coroutine: string, args: unknown, ms = 25_000) {
  const { id } = await connection.client.submit(coroutine, args);
  return await connection.client.wait(id, ms);
}

describe('two workers', () => {
  it('share a gather of 10,000 and give its results in order', async () => {
    await startWorkers(100, 100);
    const view = await run('doubleAll', { count: 10_000 });
    expect(view).toMatchObject({ state: 'succeeded', children: { total: 10_000, succeeded: 10_000 } });
    expect(view?.result).toEqual(Array.from({ length: 10_000 }, (_, n) => 2 * n));
  });

  it('both take part', async () => {
    await startWorkers(10, 10);
    const view = await run('whereAll', { count: 40, ms: 50 });
    expect(new Set(view?.result as number[])).toEqual(new Set(workers.map(({ pid }) => pid)));
    const tree = (await connection.client.tree(view?.id ?? '')) as TaskTree;
    expect(new Set(tree.nodes.map((node) => node.worker))).toEqual(new Set(workers.map(({ id }) => id)));
  });
});

describe('a suspended coroutine', () => {
  it('holds no slot: recursion 50 deep ends on one worker with one slot', async () => {
    await startWorkers(1);
    expect(await run('depth', { left: 50 })).toMatchObject({ state: 'succeeded', result: 50 });
  });
});

describe('an error', () => {
  it('keeps type, message, cause and the stack of the worker', async () => {
    await startWorkers(10);
    const view = await run('fails', {});
    expect(view).toMatchObject({ state: 'failed', error: { type: 'RangeError', cause: { message: 'the reason' } } });
    expect(view?.error?.stack).toContain('fixtures/coroutines.ts');
  });
});

describe('I5 a cancel from outside', () => {
  it('reaches a task that sleeps, which cleans up', async () => {
    await startWorkers(10);
    const { id } = await connection.client.submit('nap', { ms: 3_600_000 });
    await until(
      () => connection.client.get(id),
      (view) => view?.state === 'suspended',
    );
    await connection.client.cancel(id, 'enough');
    const view = await connection.client.wait(id, 10_000);
    expect(view).toMatchObject({ state: 'cancelled', error: { type: 'CancelledError', message: 'enough' } });
    expect(await connection.client.logs(id)).toEqual([{ task: id, entries: ['awake'] }]);
  });

  it('reaches plain I/O through the signal', async () => {
    await startWorkers(10);
    const { id } = await connection.client.submit('hang', {});
    await until(
      () => connection.client.get(id),
      (view) => view?.state === 'running',
    );
    await connection.client.cancel(id);
    expect(await connection.client.wait(id, 10_000)).toMatchObject({ state: 'cancelled' });
  });

  it('goes down through nested gathers on both workers', async () => {
    await startWorkers(10, 10);
    const { id } = await connection.client.submit('nest', { levels: 3 });
    const tasks = (tree: TaskTree): TaskTree[] => [tree, ...tree.nodes.flatMap(tasks)];
    const look = async (): Promise<TaskTree[]> => tasks((await connection.client.tree(id)) as TaskTree);
    await until(look, (all) => all.length === 15 && all.every(({ state }) => state === 'suspended'));
    await connection.client.cancel(id);
    expect(await connection.client.wait(id, 10_000)).toMatchObject({ state: 'cancelled' });
    expect((await look()).map(({ state }) => state)).toEqual(Array(15).fill('cancelled'));
  });

  it('ends a task that no worker knows', async () => {
    await startWorkers(10);
    const { id } = await connection.client.submit('nobodyKnowsThis', {});
    const stranded = await until(
      () => connection.client.get(id),
      (view) => view?.unroutable === true,
    );
    expect(stranded?.state).toBe('pending');
    await connection.client.cancel(id);
    expect(await connection.client.get(id)).toMatchObject({ state: 'cancelled', attempt: 0 });
  });
});

describe('a worker killed with SIGKILL in the middle of a gather', () => {
  it('costs time and no result, whichever worker has the parent', async () => {
    await startWorkers(5, 5);
    const { id } = await connection.client.submit('whereAll', { count: 100, ms: 100 });
    const half = await until(
      () => connection.client.get(id),
      (view) => (view?.children.succeeded ?? 0) >= 20,
    );
    const victim = workers.find((worker) => worker.id === half?.worker) as WorkerProcess;
    await endWorker(victim, 'SIGKILL');
    expect((await connection.client.get(id))?.children.succeeded).toBeLessThan(80);
    const view = await connection.client.wait(id, 25_000);
    expect(view).toMatchObject({ state: 'succeeded', attempt: 2, children: { total: 100, succeeded: 100 } });
    expect(view?.result).toHaveLength(100);
    const states = Object.fromEntries(
      (await connection.client.workers()).map(({ id: worker, state }) => [worker, state]),
    );
    expect(states[victim.id]).toBe('lost');
  });
});

describe('a worker that is asked to stop', () => {
  it('hands over what sleeps, ends with code 0, and counts no attempt', async () => {
    await startWorkers(10);
    const { id } = await connection.client.submit('nap', { ms: 10_000 });
    await until(
      () => connection.client.get(id),
      (view) => view?.state === 'suspended',
    );
    const [first] = workers as [WorkerProcess];
    await addWorker('successor');
    expect(await endWorker(first, 'SIGTERM')).toBe(0);
    const view = await connection.client.wait(id, 20_000);
    expect(view).toMatchObject({ state: 'succeeded', attempt: 1, worker: workers[1]?.id });
  });
});

describe('a cluster of four partitions', () => {
  it('awaits and cancels tasks of any of them by their ids', async () => {
    await repartition(4);
    await startWorkers(10, 10);
    const { client } = connection;
    const naps = await Promise.all(Array.from({ length: 12 }, () => client.submit('nap', { ms: 500 })));
    const ids = naps.map(({ id }) => id);
    expect(await run('awaitAll', { ids })).toMatchObject({ result: ids.map(() => 'slept') });
    const long = await Promise.all(Array.from({ length: 12 }, () => client.submit('nap', { ms: 3_600_000 })));
    expect(await run('cancelAll', { ids: long.map(({ id }) => id) })).toMatchObject({ result: 12 });
  });
});
