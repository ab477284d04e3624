/** A store on Redis whose clock stands still until a test moves it. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { examine } from '../../libs/scheduler/src/audit/audit.ts';
import { readPartition } from '../../libs/scheduler/src/audit/read-partition.ts';
import { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';
import { RedisStore } from '../../libs/scheduler/src/store/redis-store.ts';
import { RedisViews } from '../../libs/scheduler/src/store/redis-views.ts';
import type { Harness } from '../../libs/scheduler/test/testing/store-conformance.ts';

export interface RedisHarness extends Harness {
  connection: RedisConnection;
}

/** Where the clock of a test begins: the key that stands for Redis's own time. */
export const start = 1_700_000_000_000;

export async function redisHarness(partitions: number, { bundled = false } = {}): Promise<RedisHarness> {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const connection = new RedisConnection({ url: inject('redisUrl'), prefix, partitions, testTime: true });
  const { redis } = connection;
  let now = start;
  const setTime = async (): Promise<void> => {
    const keys = Array.from({ length: partitions }, (_, partition) => `${connection.keys(partition)}test-time`);
    await redis.mset(keys.flatMap((key) => [key, now]));
  };
  await setTime();
  const store = new RedisStore(connection);
  const views = new RedisViews(connection);
  const both = new Proxy({} as RedisStore & RedisViews, {
    get: (_, name) => {
      const owner = name in store ? store : views;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? value.bind(owner) : value;
    },
  });
  return {
    connection,
    store: both,
    bundled,
    advance: async (ms) => {
      now += ms;
      await setTime();
    },
    violations: async () => {
      const all = Array.from({ length: partitions }, (_, partition) => readPartition(connection, partition));
      return (await Promise.all(all)).flatMap((snapshot) => examine(snapshot, 'offline').violations);
    },
    kept: () => redis.keys(`{${prefix}:*`),
    close: async () => {
      const keys = await redis.keys(`{${prefix}:*`);
      if (keys.length > 0) await redis.del(keys);
      await store.close();
    },
  };
}
