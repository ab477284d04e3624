import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisConnection } from '../../src/store/redis-connection.ts';
import { RedisStore } from '../../src/store/redis-store.ts';
import { RedisViews } from '../../src/store/redis-views.ts';
import { MemoryStore, VirtualClock } from '../../src/testing/index.ts';
import { storeConformance } from './store-conformance.ts';
import { storeWalks } from './store-walk.ts';

const url = 'redis://127.0.0.1:7391';
const admin = new Redis(url);
const make = async () => {
  const prefix = randomUUID();
  const partitions = 2;
  const connection = new RedisConnection({ url, prefix, partitions, testTime: true }, (e) => console.error(e));
  const store = new RedisStore(connection);
  const views = new RedisViews(connection);
  for (const m of ['records', 'watch', 'roots', 'children', 'logs', 'workers', 'coroutines', 'health'] as const)
    (store as any)[m] = (views as any)[m].bind(views);
  let now = 1_767_225_600_000;
  const set = async () => {
    for (let p = 0; p < partitions; p++) await admin.set(`${connection.keys(p)}test-time`, now);
  };
  await set();
  return {
    store: store as any,
    advance: async (ms: number) => {
      now += ms;
      await set();
    },
    close: () => store.close(),
  };
};
if (!process.env.WALK) storeConformance('RedisStore', make);
else
  storeWalks('RedisStore as model', Number(process.env.WALK), make, async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock, partitions: 2 });
    return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
  });
