/** Who keeps the lease and who loses it: blocked, stopped and dead processes. */
import { randomBytes } from 'node:crypto';
import { type Connection, connect, type TaskView } from '@corral/scheduler';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { until } from './until.ts';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

let prefix: string;
let connection: Connection;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  prefix = `test-${randomBytes(6).toString('hex')}`;
  connection = await connect({ url: inject('redisUrl'), prefix });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => endWorker(worker, 'SIGKILL')));
  await connection.close();
});

async function start(name: string, more = {}): Promise<WorkerProcess> {
  const worker = await startWorker(inject('redisUrl'), prefix, name, 10, more);
  workers.push(worker);
  return worker;
}

const running = (id: string): Promise<TaskView | undefined> =>
  until(
    () => connection.client.get(id),
    (view) => view?.state === 'running',
  );

describe('a coroutine that blocks the event loop', () => {
  it('for 10 s loses no task to another worker, and the worker is called stuck meanwhile', async () => {
    await start('blocked');
    const { id } = await connection.client.submit('block', { ms: 10_000 });
    await running(id);
    await start('idle');
    await until(
      () => connection.client.workers(),
      (views) => views.some(({ state, stuck }) => state === 'up' && stuck === true),
    );
    expect(await connection.client.wait(id, 25_000)).toMatchObject({ state: 'succeeded', attempt: 1 });
    const views = await until(
      () => connection.client.workers(),
      (all) => all.every(({ stuck }) => stuck === undefined),
    );
    expect(views.map(({ state }) => state)).toEqual(['up', 'up']);
  });

  it('for longer than it may loses them', async () => {
    const blocked = await start('blocked', { maxBlockMs: 2000 });
    const { id } = await connection.client.submit('block', { ms: 20_000 });
    await running(id);
    const idle = await start('idle');
    const view = await connection.client.wait(id, 18_000);
    expect(view).toMatchObject({ state: 'succeeded', result: 2, worker: idle.id });
    const states = new Map((await connection.client.workers()).map((worker) => [worker.id, worker.state]));
    expect(states.get(blocked.id)).toBe('lost');
  });
});

describe('a process that is stopped', () => {
  it('for longer than the lease loses its tasks, and begins another session when it goes on', async () => {
    const stopped = await start('stopped');
    const { id } = await connection.client.submit('hang', {});
    await running(id);
    await start('other');
    stopped.process.kill('SIGSTOP');
    const taken = await until(
      () => connection.client.get(id),
      (view) => view?.attempt === 2,
    );
    expect(taken?.worker).not.toBe(stopped.id);
    stopped.process.kill('SIGCONT');
    await until(
      () => connection.client.workers(),
      (views) => views.filter(({ state }) => state === 'up').length === 2,
    );
    expect((await connection.client.get(id))?.attempt).toBe(2);
  });
});
