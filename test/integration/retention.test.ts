/** What real workers leave in a real Redis, BullMQ included, is gone when its time is over. */
import { randomBytes } from 'node:crypto';
import { connect } from '@corral/scheduler';
import { Redis } from 'ioredis';
import { expect, inject, it } from 'vitest';
import { endWorker, startWorker } from './worker-process.ts';

it('I13 the keys are those from before the load', async () => {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const redis = new Redis(inject('redisUrl'));
  const { client, close } = await connect({ url: inject('redisUrl'), prefix, resultTtlMs: 1000 });
  const worker = await startWorker(inject('redisUrl'), prefix, 'w', 100);
  // A queue of BullMQ has a few keys of its own, from the first job on.
  const ofQueue = /:ready:(events|id|marker|meta)$/;
  const keys = async (): Promise<string[]> =>
    (await redis.keys(`*${prefix}*`)).filter((key) => !ofQueue.test(key)).sort();
  const load = async (): Promise<string[]> => {
    const cancelled = await client.submit('nest', { levels: 3 });
    const failed = client.submit('fails', {}, { idempotencyKey: randomBytes(6).toString('hex') });
    const ended = [client.submit('doubleAll', { count: 2000 }), client.submit('depth', { left: 20 }), failed];
    const ids = (await Promise.all(ended)).map(({ id }) => id);
    await client.cancel(cancelled.id);
    for (const id of [...ids, cancelled.id]) await client.wait(id, 20_000);
    return [...ids, cancelled.id];
  };
  const removed = async (ids: string[]): Promise<void> => {
    const end = performance.now() + 20_000;
    while (performance.now() < end) if ((await keys()).every((key) => ids.every((id) => !key.includes(id)))) return;
    throw new Error('tasks are left in Redis');
  };
  try {
    await removed(await load());
    const before = await keys();
    const ids = await load();
    expect((await keys()).length).toBeGreaterThan(before.length + 100);
    await removed(ids);
    expect(await keys()).toEqual(before);
    expect(await client.list()).toEqual({ items: [] });
  } finally {
    await endWorker(worker, 'SIGKILL');
    await close();
    redis.disconnect();
  }
});
