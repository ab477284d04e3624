/** Which clients hear of the end of a root, so that no more is sent than somebody waits for. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { newRootId } from '../../libs/scheduler/src/contract/ids.ts';
import type { TaskRecord } from '../../libs/scheduler/src/contract/views.ts';
import { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';
import { RedisStore } from '../../libs/scheduler/src/store/redis-store.ts';
import { RedisViews } from '../../libs/scheduler/src/store/redis-views.ts';

const open = (prefix: string) => {
  const connection = new RedisConnection({ url: inject('redisUrl'), prefix, partitions: 1 });
  return { store: new RedisStore(connection), views: new RedisViews(connection) };
};
let [first, second] = [{}, {}] as ReturnType<typeof open>[] as [ReturnType<typeof open>, ReturnType<typeof open>];

beforeEach(() => {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  [first, second] = [open(prefix), open(prefix)];
});
afterEach(() => Promise.all([first.store.close(), second.store.close()]));

async function listen({ store }: typeof first) {
  const heard = new Map<string, TaskRecord | undefined>();
  const { close } = await store.listen(undefined, {
    news: (ids, ended) => {
      for (const id of ids) heard.set(id, ended.get(id));
    },
  });
  return { heard, close };
}

const submit = async ({ store }: typeof first, options = '{}'): Promise<string> => {
  const id = newRootId(Date.now(), randomBytes(16));
  await store.submit(0, [{ id, coroutine: 'main', args: '{}', options, resultTtlMs: 60_000 }]);
  return id;
};
const end = (id: string) => second.store.cancel(0, [{ id, message: undefined }]);

it('the one that has submitted it, with the record', async () => {
  const [own, other] = [await listen(first), await listen(second)];
  const ids = [await submit(first), await submit(first)];
  for (const id of ids) await end(id);
  await vi.waitFor(() => expect([...own.heard.keys()]).toEqual(ids));
  expect(own.heard.get(ids[0] ?? '')).toEqual((await first.views.records(ids))[0]);
  expect(other.heard.size).toBe(0);
  await Promise.all([own.close(), other.close()]);
});

it('all, when it is watched', async () => {
  const [own, other] = [await listen(first), await listen(second)];
  const id = await submit(first);
  expect(await second.views.watch(id)).toMatchObject({ state: 'pending' });
  await end(id);
  await vi.waitFor(() => expect([own, other].map(({ heard }) => [...heard.keys()])).toEqual([[id], [id]]));
  await Promise.all([own.close(), other.close()]);
});

it('all, when the client that has submitted it did not listen', async () => {
  const id = await submit(first);
  const [own, other] = [await listen(first), await listen(second)];
  await end(id);
  await vi.waitFor(() => expect([own, other].map(({ heard }) => [...heard.keys()])).toEqual([[id], [id]]));
  await Promise.all([own.close(), other.close()]);
});

it('without the record, when that is large', async () => {
  const own = await listen(first);
  const id = await submit(first, JSON.stringify({ name: 'x'.repeat(3000) }));
  await end(id);
  await vi.waitFor(() => expect([...own.heard]).toEqual([[id, undefined]]));
  await own.close();
});
