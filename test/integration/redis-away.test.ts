/** Redis goes away in every way that it has: nothing fails for it, nothing runs again, and work goes on when it is back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, connect, StoreFullError, StoreUnavailableError, UnfitStoreError } from '@corral/scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRedisServer, OwnRedis } from './own-redis.ts';
import { until } from './until.ts';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

/** Longer than a lease of 4 s. */
const outageMs = 6000;

describe.skipIf(!hasRedisServer)('without redis-server on the PATH these are skipped', () => {
  let redis: OwnRedis;
  let connection: Connection;
  let workers: WorkerProcess[];

  beforeEach(async () => {
    redis = await OwnRedis.begin();
    connection = await connect({ url: redis.url });
    workers = await Promise.all(['a', 'b'].map((name) => startWorker(redis.url, 'corral', name, 10)));
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => endWorker(worker, 'SIGKILL')));
    await connection.close();
    await redis.close();
  });

  /** Ten tasks that run and their parent; waited for from before the outage to after it. */
  async function busy(ms: number) {
    const { id } = await connection.client.submit('workAll', { count: 10, ms });
    await until(
      () => connection.client.get(id),
      (view) => view?.children.running === 10,
    );
    await connection.client.wait(id, 1); // from now on news is listened to
    const ended = connection.client.wait(id, 25_000);
    await connection.client.get(id);
    await connection.client.get(id); // was sent, and so is answered, after the first look of the wait
    return { id, ended };
  }

  const undisturbed = { state: 'succeeded', attempt: 1, result: Array(10).fill(1) };

  describe('a Redis that', () => {
    it('is stopped for longer than a lease costs nobody a task', async () => {
      const { ended } = await busy(2000);
      redis.signal('SIGSTOP');
      await sleep(outageMs);
      redis.signal('SIGCONT');
      expect(await ended).toMatchObject(undisturbed);
    });

    it('is killed and started again keeps what it has acknowledged', async () => {
      const { ended } = await busy(2000);
      await redis.end('SIGKILL');
      await expect(connection.client.submit('double', { n: 1 })).rejects.toThrow(StoreUnavailableError);
      await until(
        () => connection.health(),
        ({ reasons }) => reasons.join().includes('cannot be reached: connect ECONNREFUSED'),
      );
      await sleep(outageMs);
      await redis.start();
      expect(await ended).toMatchObject(undisturbed);
    });

    it('becomes a replica and a primary again is left alone meanwhile', async () => {
      const { ended } = await busy(2000);
      await redis.tell('REPLICAOF', '127.0.0.1', 1);
      await expect(connection.client.submit('double', { n: 1 })).rejects.toThrow(StoreUnavailableError);
      await until(
        () => connection.health(),
        ({ reasons }) => reasons.join().includes('replica'),
      );
      await sleep(outageMs);
      await redis.tell('REPLICAOF', 'NO', 'ONE');
      expect(await ended).toMatchObject(undisturbed);
    });

    it('is full takes nothing new, and what runs ends', async () => {
      const { ended } = await busy(2000);
      await redis.tell('CONFIG', 'SET', 'maxmemory', 1);
      await expect(connection.client.submit('double', { n: 1 })).rejects.toThrow(StoreFullError);
      expect((await connection.health()).reasons.join()).toContain('full');
      expect(await ended).toMatchObject(undisturbed);
      await redis.tell('CONFIG', 'SET', 'maxmemory', 0);
      expect(await connection.health()).toMatchObject({ ok: true });
      const { id } = await connection.client.submit('double', { n: 1 });
      expect(await connection.client.wait(id, 10_000)).toMatchObject({ state: 'succeeded', result: 2 });
    });

    it('is full lets a task that wants to create others try again until there is room', async () => {
      const { id } = await connection.client.submit('napThenDouble', { ms: 1000 });
      await until(
        () => connection.client.get(id),
        (view) => view?.state === 'suspended',
      );
      await redis.tell('CONFIG', 'SET', 'maxmemory', 1);
      await sleep(3000);
      expect(await connection.client.get(id)).toMatchObject({ attempt: 1, children: { total: 0 }, finishedAt: null });
      await redis.tell('CONFIG', 'SET', 'maxmemory', 0);
      expect(await connection.client.wait(id, 20_000)).toMatchObject({ state: 'succeeded', result: [2], attempt: 1 });
    });

    it('cuts all connections again and again changes nothing', async () => {
      const { ended } = await busy(1000);
      for (let cuts = 0; cuts < 6; cuts++) {
        await redis.tell('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await redis.tell('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await sleep(300);
      }
      expect(await ended).toMatchObject(undisturbed);
    });
  });

  describe('nobody starts on a Redis that', () => {
    it('may evict keys', async () => {
      await redis.tell('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      const refused = connect({ url: redis.url });
      await expect(refused).rejects.toThrow(UnfitStoreError);
      await expect(refused).rejects.toThrow('maxmemory-policy is allkeys-lru: set it to noeviction');
    });

    it('is a replica', async () => {
      await redis.tell('REPLICAOF', '127.0.0.1', 1);
      await expect(connect({ url: redis.url })).rejects.toThrow('this Redis is a replica: connect to the primary');
    });

    it('is not there', async () => {
      await redis.end('SIGKILL');
      await expect(connect({ url: redis.url })).rejects.toThrow(/cannot be reached.*ECONNREFUSED/);
    });

    it('keeps nothing on disk without being told so', async () => {
      await redis.tell('CONFIG', 'SET', 'appendonly', 'no');
      const warnings: string[] = [];
      const other = await connect({
        url: redis.url,
        instrument: { warning: (message) => void warnings.push(message) },
      });
      await other.close();
      expect(warnings.join()).toContain('appendonly is off');
    });
  });
});
