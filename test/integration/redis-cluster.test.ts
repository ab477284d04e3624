/** Tasks on real worker processes over a real Redis Cluster, and what happens to its nodes meanwhile. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { auditStore, type Connection, connect, type TaskView } from '@corral/scheduler';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../../libs/scheduler/src/contract/ids.ts';
import { RedisCluster } from '../redis-cluster.ts';
import { hasRedisServer, OwnRedis } from './own-redis.ts';
import { until } from './until.ts';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

const queues = 6;

describe.skipIf(!hasRedisServer)('a Redis Cluster (without redis-server on the PATH these are skipped)', () => {
  let cluster: RedisCluster;
  let prefix: string;
  let connection: Connection;
  let workers: WorkerProcess[];

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    prefix = `test-${randomBytes(6).toString('hex')}`;
    connection = await connect({ url: cluster.url, prefix, queues });
    workers = await Promise.all(['a', 'b'].map((name) => startWorker(cluster.url, prefix, name, 20, {}, queues)));
  });
  afterEach(async () => {
    try {
      expect((await auditStore({ url: cluster.url, prefix, mode: 'online' })).violations).toEqual([]);
    } finally {
      await Promise.all(workers.map((worker) => endWorker(worker, 'SIGKILL')));
      await connection.close();
    }
  });

  /** So many roots that every partition gets some; resolves with their ids. */
  async function submit(coroutine: string, args: unknown, count = 24): Promise<string[]> {
    const roots = await Promise.all(Array.from({ length: count }, () => connection.client.submit(coroutine, args)));
    return roots.map(({ id }) => id);
  }

  const ended = (ids: readonly string[]): Promise<(TaskView | undefined)[]> =>
    Promise.all(ids.map((id) => connection.client.wait(id, 25_000)));

  const views = (ids: readonly string[]): Promise<(TaskView | undefined)[]> =>
    Promise.all(ids.map((id) => connection.client.get(id)));

  const tag = (partition: number): string => `{${prefix}:${partition}}`;

  it('has tasks on all of its nodes, and gathers over them', async () => {
    const ids = await submit('doubleAll', { count: 100 });
    const expected = Array.from({ length: 100 }, (_, n) => 2 * n);
    for (const view of await ended(ids)) expect(view).toMatchObject({ state: 'succeeded', result: expected });
    const owners = await Promise.all(Array.from({ length: queues }, (_, partition) => cluster.ownerOf(tag(partition))));
    for (const owner of new Set(owners))
      expect(await owner.redis.tell('DBSIZE'), `keys on ${owner.redis.port}`).toBeGreaterThan(0);
    expect((await connection.client.list({ limit: 50 })).items.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await connection.health()).toMatchObject({ ok: true });
  });

  it('has timers, and cancels, within a partition and across', async () => {
    const naps = await submit('nap', { ms: 500 });
    const [all] = await submit('awaitAll', { ids: naps }, 1);
    expect(await connection.client.wait(all ?? '', 20_000)).toMatchObject({ result: naps.map(() => 'slept') });
    const long = await submit('nap', { ms: 3_600_000 });
    const [canceller] = await submit('cancelAll', { ids: long }, 1);
    expect(await connection.client.wait(canceller ?? '', 20_000)).toMatchObject({ result: long.length });
    const nested = await submit('nest', { levels: 2 }, 6);
    await until(
      () => views(nested),
      (seen) => seen.every((view) => view?.children.total === 2 && view.state === 'suspended'),
    );
    await Promise.all(nested.map((id) => connection.client.cancel(id, 'enough')));
    for (const view of await ended(nested)) expect(view).toMatchObject({ state: 'cancelled' });
  });

  it('loses a worker, which costs time and no result in any slot', async () => {
    const ids = await submit('whereAll', { count: 20, ms: 100 }, 12);
    await until(
      () => views(ids),
      (seen) => seen.reduce((sum, view) => sum + (view?.children.succeeded ?? 0), 0) >= 40,
    );
    const [victim] = workers as [WorkerProcess];
    await endWorker(victim, 'SIGKILL');
    const unfinished = (await views(ids)).filter((view) => view?.finishedAt === null);
    expect(unfinished.length).toBeGreaterThan(4);
    for (const view of await ended(ids))
      expect(view).toMatchObject({ state: 'succeeded', children: { total: 20, succeeded: 20 } });
  });

  it('moves a slot to another node while its tasks run: they wait until it has arrived', async () => {
    const ids = await submit('workAll', { count: 5, ms: 1000 });
    await until(
      () => views(ids),
      (seen) => seen.some((view) => (view?.children.running ?? 0) > 0),
    );
    // The slot of one of them: 24 in 6 partitions may leave any of these empty.
    const moving = tag(partitionOf(ids[0] ?? '', queues));
    const from = await cluster.ownerOf(moving);
    const to = cluster.nodes.find((node) => node !== from) ?? from;
    await cluster.move(moving, to, async () => {
      const failures = await Promise.all(
        ids.map((id) =>
          connection.client.get(id).then(
            () => undefined,
            (error: Error) => error.message,
          ),
        ),
      );
      expect(failures).toContain(
        'the store cannot answer now: these keys are on their way to another node of the Redis Cluster',
      );
      expect(failures).toContain(undefined);
    });
    expect(await cluster.ownerOf(moving)).toBe(to);
    for (const view of await ended(ids))
      expect(view).toMatchObject({ state: 'succeeded', attempt: 1, result: Array(5).fill(1) });
  });

  it('loses a node for a while: no task fails, and none runs again', async () => {
    const ids = await submit('workAll', { count: 5, ms: 2000 }, 12);
    await until(
      () => views(ids),
      (seen) => seen.some((view) => (view?.children.running ?? 0) > 0),
    );
    const [node] = cluster.nodes as [(typeof cluster.nodes)[number]];
    await node.redis.end('SIGKILL');
    const away = await until(
      () => connection.health(),
      ({ ok }) => !ok,
    );
    expect(away.unfit).toEqual([]);
    await node.restart();
    await cluster.ready();
    for (const view of await ended(ids))
      expect(view).toMatchObject({ state: 'succeeded', attempt: 1, result: Array(5).fill(1) });
  });

  it('needs no more rights than docs/guide/redis.md tells', async () => {
    const page = await readFile(new URL('../../docs/guide/redis.md', import.meta.url), 'utf8');
    const rights = /^ACL SETUSER corral on >password (.*)$/m.exec(page)?.[1] ?? '';
    const names = rights.replaceAll('{corral', `{${prefix}`).replaceAll('&corral', `&${prefix}`).split(' ');
    for (const { redis } of cluster.nodes) await redis.tell('ACL', 'SETUSER', 'few', 'on', '>pass:word', ...names);
    const url = cluster.url.replace('://', '://few:pass%3Aword@');
    const own = await connect({ url, prefix, queues });
    workers.push(await startWorker(url, prefix, 'few', 20, {}, queues));
    await Promise.all(workers.slice(0, 2).map((worker) => endWorker(worker, 'SIGTERM')));
    const { id } = await own.client.submit('doubleAll', { count: 50 });
    expect(await own.client.wait(id, 20_000)).toMatchObject({ state: 'succeeded', children: { succeeded: 50 } });
    expect(await own.health()).toMatchObject({ ok: true });
    expect((await auditStore({ url, prefix, mode: 'online' })).violations).toEqual([]);
    await own.close();
    const wrong = connect({ url: cluster.url.replace('://', '://few:wrong@'), prefix, queues });
    await expect(wrong).rejects.toThrow(/WRONGPASS|password/);
    await expect(wrong).rejects.not.toThrow(/few|:wrong/);
  });

  it('is said to be one when it is taken for a single server', async () => {
    const [node] = cluster.nodes as [(typeof cluster.nodes)[number]];
    await expect(connect({ url: node.redis.url })).rejects.toThrow('begin its URL with redis+cluster://');
    const single = await OwnRedis.begin();
    try {
      await expect(connect({ url: `redis+cluster://127.0.0.1:${single.port}` })).rejects.toThrow(
        /cannot be reached.*cluster support disabled/,
      );
    } finally {
      await single.close();
    }
  });

  it('promotes the replica of a node that dies, and its partitions go on there', async () => {
    const node = await cluster.ownerOf(tag(0));
    const replica = await cluster.addReplica(node);
    const ids = await submit('workAll', { count: 3, ms: 3000 }, 12);
    await until(
      () => views(ids),
      (seen) => seen.every((view) => (view?.children.running ?? 0) > 0),
    );
    await node.redis.end('SIGKILL');
    await until(
      () => cluster.ownerOf(tag(0)).catch(() => undefined),
      (owner) => owner === replica,
    );
    for (const view of await ended(ids))
      expect(view).toMatchObject({ state: 'succeeded', children: { total: 3, succeeded: 3 } });
    await node.restart();
    await cluster.ready();
  });
});
