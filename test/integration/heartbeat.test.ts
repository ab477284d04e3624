/** Who keeps the lease and who loses it: blocked, stopped and dead processes. */
import { once } from 'node:events';
import type { TaskView } from '@corral/scheduler';
import { describe, expect, it } from 'vitest';
import { addWorker, connection } from './fleet.ts';
import { until } from './until.ts';

const running = (id: string): Promise<TaskView | undefined> =>
  until(
    () => connection.client.get(id),
    (view) => view?.state === 'running',
  );

describe('a coroutine that blocks the event loop', () => {
  it('for 10 s loses no task to another worker, and the worker is called stuck meanwhile', async () => {
    await addWorker('blocked');
    const { id } = await connection.client.submit('block', { ms: 10_000 });
    await running(id);
    await addWorker('idle');
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
    const blocked = await addWorker('blocked', 10, { maxBlockMs: 2000 });
    const { id } = await connection.client.submit('block', { ms: 20_000 });
    await running(id);
    const idle = await addWorker('idle');
    const view = await connection.client.wait(id, 18_000);
    expect(view).toMatchObject({ state: 'succeeded', result: 2, worker: idle.id });
    const states = new Map((await connection.client.workers()).map((worker) => [worker.id, worker.state]));
    expect(states.get(blocked.id)).toBe('lost');
  });
});

describe('a process that ends when its loop is blocked', () => {
  it('says where the loop stands, and others take its tasks over', async () => {
    const blocked = await addWorker('blocked', 10, { maxBlockMs: 6000, endBlocked: true });
    const { id } = await connection.client.submit('block', { ms: 600_000 });
    await running(id);
    const [, signal] = await once(blocked.process, 'exit');
    expect(signal).toBe('SIGKILL');
    const [said, last] = blocked.errors().filter((line) => line.includes('has not turned'));
    expect(said).toMatch(/has not turned for 5 s; it stands in .*coroutines\.ts/);
    expect(last).toMatch(/has not turned for 6 s: the process ends; it stands in .*coroutines\.ts/);
    const idle = await addWorker('idle');
    const taken = await until(
      () => connection.client.get(id),
      (view) => view?.attempt === 2,
    );
    expect(taken?.worker).toBe(idle.id);
  });
});

describe('a process that is stopped', () => {
  it('for longer than the lease loses its tasks, and begins another session when it goes on', async () => {
    const stopped = await addWorker('stopped');
    const { id } = await connection.client.submit('hang', {});
    await running(id);
    await addWorker('other');
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
