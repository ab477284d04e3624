/** The store on Redis and the dispatch over BullMQ keep the contracts that those in memory keep. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { BullmqDispatch } from '../../libs/scheduler/src/dispatch/bullmq-dispatch.ts';
import { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';
import { RedisStore } from '../../libs/scheduler/src/store/redis-store.ts';
import { RedisViews } from '../../libs/scheduler/src/store/redis-views.ts';
import { MemoryStore, VirtualClock } from '../../libs/scheduler/src/testing/index.ts';
import { dispatchConformance } from '../../libs/scheduler/test/testing/dispatch-conformance.ts';
import { type Harness, storeConformance } from '../../libs/scheduler/test/testing/store-conformance.ts';
import { storeWalks } from '../../libs/scheduler/test/testing/store-walk.ts';

/** Where the clock of a test begins: the key that stands for Redis's own time. */
const start = 1_700_000_000_000;

async function redisHarness(partitions: number): Promise<Harness> {
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
    store: both,
    advance: async (ms) => {
      now += ms;
      await setTime();
    },
    close: async () => {
      const keys = await redis.keys(`{${prefix}:*`);
      if (keys.length > 0) await redis.del(keys);
      await store.close();
    },
  };
}

for (const partitions of [1, 4])
  storeConformance(`RedisStore of ${partitions} partitions`, () => redisHarness(partitions));

storeWalks(
  'RedisStore and MemoryStore answer the same',
  { runs: 60 },
  () => redisHarness(1),
  async () => {
    const clock = new VirtualClock({ start });
    const store = new MemoryStore({ clock });
    return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
  },
);

dispatchConformance('BullmqDispatch', async () => {
  const tag = `{test-${randomBytes(6).toString('hex')}}`;
  const connect = () => new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  return new BullmqDispatch(
    connect,
    (partition) => `${tag}:${partition}`,
    (error) => {
      throw error;
    },
  );
});
