/** Tasks that come one at a time to an idle cluster: claimed for a worker or told to it, whatever happens to that worker. */
import { type Connection, connect } from '@corral/scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRedisServer, OwnRedis } from './own-redis.ts';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

describe.skipIf(!hasRedisServer)('without redis-server on the PATH these are skipped', () => {
  let redis: OwnRedis;
  let connection: Connection;
  let workers: WorkerProcess[];
  /** Attempts of the tasks that the present test has run. */
  let attempts: (number | undefined)[];

  beforeEach(async () => {
    redis = await OwnRedis.begin();
    connection = await connect({ url: redis.url });
    workers = await Promise.all(['a', 'b'].map((name) => startWorker(redis.url, 'corral', name, 10)));
    attempts = [];
    await took(4); // both workers have had their first
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => endWorker(worker, 'SIGKILL')));
    await connection.close();
    await redis.close();
  });

  /** Milliseconds from submit to result of so many tasks, one after the other. */
  async function took(count: number): Promise<number[]> {
    const all: number[] = [];
    for (let n = 0; n < count; n++) {
      const began = performance.now();
      const { id } = await connection.client.submit('double', { n });
      const view = await connection.client.wait(id, 20_000);
      all.push(performance.now() - began);
      expect(view).toMatchObject({ state: 'succeeded', result: 2 * n });
      attempts.push(view?.attempt);
    }
    return all;
  }

  const jobs = async (): Promise<number> => Number((await redis.tell('GET', '{corral:0}:ready:id')) ?? 0);
  const again = (): number => attempts.filter((attempt) => attempt !== 1).length;
  const slow = (all: readonly number[]): number[] => all.filter((ms) => ms > 300);

  it('does not go through BullMQ', async () => {
    const before = await jobs();
    await took(20);
    expect((await jobs()) - before).toBeLessThanOrEqual(4); // while a worker has not come within 50 ms
    expect(again()).toBe(0);
  });

  it('D1 a worker that was killed costs nobody anything: Redis knows that nobody listens', async () => {
    await endWorker(workers[0] as WorkerProcess, 'SIGKILL');
    expect(slow(await took(20)).length).toBeLessThanOrEqual(2);
    expect(again()).toBe(0);
  });

  it('D1 a worker that is stopped holds up what it is told in a moment, what BullMQ brings it, and one claim', async () => {
    const [stopped] = workers as [WorkerProcess];
    stopped.process.kill('SIGSTOP');
    const all = await took(40);
    stopped.process.kill('SIGCONT');
    expect(slow(all).length).toBeLessThanOrEqual(3);
    expect(Math.max(...all)).toBeLessThanOrEqual(6000);
    expect(again()).toBeLessThanOrEqual(1);
  });

  it('D1 hints that nobody hears go through BullMQ', async () => {
    for (let cuts = 0; cuts < 5; cuts++) {
      await redis.tell('CLIENT', 'KILL', 'TYPE', 'pubsub');
      const before = performance.now();
      const { id } = await connection.client.submit('double', { n: cuts });
      for (;;) if ((await connection.client.get(id))?.finishedAt !== null) break;
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });
});
