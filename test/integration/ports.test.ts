/** The store on Redis and the dispatch over BullMQ keep the contracts that those in memory keep. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { BullmqDispatch } from '../../libs/scheduler/src/dispatch/bullmq-dispatch.ts';
import { MemoryStore, VirtualClock } from '../../libs/scheduler/src/testing/index.ts';
import { dispatchConformance } from '../../libs/scheduler/test/testing/dispatch-conformance.ts';
import { storeConformance } from '../../libs/scheduler/test/testing/store-conformance.ts';
import { storeWalks } from '../../libs/scheduler/test/testing/store-walk.ts';
import { redisHarness, start } from './redis-harness.ts';

for (const partitions of [1, 4])
  storeConformance(`RedisStore of ${partitions} partitions`, () => redisHarness(partitions));
storeConformance('RedisStore of roots in bundles', () => redisHarness(1, { bundled: true }), { bundled: true });

storeWalks(
  'RedisStore and MemoryStore answer the same',
  { runs: 60 },
  () => redisHarness(1),
  async () => {
    const clock = new VirtualClock({ start });
    const store = new MemoryStore({ clock });
    return {
      store,
      advance: (ms) => clock.advance(ms),
      kept: async () => store.kept(),
      close: () => store.close(),
    };
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
