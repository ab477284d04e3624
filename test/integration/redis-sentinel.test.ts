/** A primary with a replica and three Sentinels: whoever is connected follows a failover, and nothing fails for it. */
import { auditStore, type Connection, connect } from '@corral/scheduler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRedisServer, OwnRedis } from './own-redis.ts';
import { until } from './until.ts';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

describe.skipIf(!hasRedisServer)('Sentinels (without redis-server on the PATH these are skipped)', () => {
  let primary: OwnRedis;
  let replica: OwnRedis;
  let sentinels: OwnRedis[];
  let connection: Connection;
  let workers: WorkerProcess[];
  let url: string;

  beforeEach(async () => {
    primary = await OwnRedis.begin();
    replica = await OwnRedis.begin('--replicaof', '127.0.0.1', String(primary.port));
    // Sentinels look for replicas when they begin, and then every ten seconds.
    await until(
      () => replica.tell('INFO', 'replication'),
      (info) => String(info).includes('master_link_status:up'),
    );
    sentinels = await Promise.all([1, 2, 3].map(() => OwnRedis.beginSentinel('corral', primary.port)));
    for (const sentinel of sentinels)
      await until(
        () => sentinel.tell('SENTINEL', 'CKQUORUM', 'corral').catch(String),
        (answer) => String(answer).startsWith('OK 3'),
      );
    await until(
      () => Promise.all(sentinels.map((sentinel) => sentinel.tell('SENTINEL', 'REPLICAS', 'corral'))),
      (lists) => lists.every((list) => (list as unknown[]).length === 1),
    );
    url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/corral`;
    connection = await connect({ url });
    workers = await Promise.all(['a', 'b'].map((name) => startWorker(url, 'corral', name, 10)));
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => endWorker(worker, 'SIGKILL')));
    await connection.close();
    await Promise.all([primary, replica, ...sentinels].map((server) => server.close()));
  });

  async function busy(): Promise<string> {
    const { id } = await connection.client.submit('workAll', { count: 10, ms: 3000 });
    await until(
      () => connection.client.get(id),
      (view) => view?.children.running === 10,
    );
    // Replicated: what is lost otherwise is asked for elsewhere.
    await until(
      () => primary.tell('INFO', 'replication').then(String),
      (info) => /offset=(\d+),lag/.exec(info)?.[1] === /master_repl_offset:(\d+)/.exec(info)?.[1],
    );
    return id;
  }

  async function afterFailover(id: string): Promise<void> {
    await until(
      () => replica.tell('ROLE').catch(() => []), // whose role changes may close connections
      (role) => (role as unknown[])[0] === 'master',
    );
    await until(
      () => connection.client.submit('double', { n: 1 }).catch(() => undefined),
      (submitted) => submitted !== undefined,
    );
    const view = await connection.client.wait(id, 25_000);
    expect(view).toMatchObject({ state: 'succeeded', children: { total: 10, succeeded: 10 } });
    expect(await connection.health()).toMatchObject({ ok: true });
    expect((await auditStore({ url, mode: 'online' })).violations).toEqual([]);
  }

  it('promote the replica of a primary that was killed', async () => {
    const id = await busy();
    await primary.end('SIGKILL');
    await afterFailover(id);
  });

  it('promote the replica because an operator wants it', async () => {
    const id = await busy();
    await sentinels[0]?.tell('SENTINEL', 'FAILOVER', 'corral');
    await afterFailover(id);
  });

  it('are not there: said so', async () => {
    await Promise.all(sentinels.map((sentinel) => sentinel.end('SIGKILL')));
    await expect(connect({ url })).rejects.toThrow(/cannot be reached.*sentinels are unreachable/i);
  });
});
