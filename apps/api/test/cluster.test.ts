/** The API in front of a real cluster, though one in memory. */
import { coroutine, type Page, type TaskView } from '@corral/scheduler';
import { type MemoryCluster, memoryCluster } from '@corral/scheduler/testing';
import { expect, onTestFinished, test } from 'vitest';
import { bootWith, problemOf } from './boot.ts';

const double = coroutine('double', async (loop, { n }: { n: number }) => {
  loop.log({ n });
  return 2 * n;
});
const main = coroutine('main', async (loop, { count = 3 }: { count?: number }) =>
  loop.gather(Array.from({ length: count }, (_, n) => double({ n }))),
);
const fails = coroutine('fails', () => {
  throw new RangeError('too far');
});
const sleeper = coroutine('sleeper', async (loop) => loop.sleep(3_600_000));

async function start(options: Partial<Parameters<typeof memoryCluster>[0]> = {}) {
  const cluster: MemoryCluster = await memoryCluster({ coroutines: [double, main, fails, sleeper], ...options });
  const app = await bootWith(cluster.client);
  onTestFinished(() => cluster.close());
  const post = (url: string, payload: object, headers = {}) => app.inject({ method: 'POST', url, payload, headers });
  return { cluster, app, post };
}

test('one request submits a job and answers its result', async () => {
  const { post } = await start();
  const answer = await post('/v1/tasks?waitMs=5000', { coroutine: 'main', args: {} });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ coroutine: 'main', state: 'succeeded', result: [0, 2, 4] });
});

test('a job can be followed: view, tree, logs, list', async () => {
  const { app, post } = await start();
  const { id } = (await post('/v1/tasks', { coroutine: 'main', args: { count: 2 } })).json();
  const view = (await app.inject(`/v1/tasks/${id}?waitMs=5000`)).json();
  expect(view).toMatchObject({ id, state: 'succeeded', result: [0, 2], children: { total: 2, succeeded: 2 } });
  const tree = (await app.inject(`/v1/tasks/${id}/tree`)).json();
  expect(tree.nodes.map((node: { result: number }) => node.result)).toEqual([0, 2]);
  const { logs } = (await app.inject(`/v1/tasks/${id}/logs`)).json();
  expect(logs.map((log: { entries: unknown[] }) => log.entries)).toEqual([[{ n: 0 }], [{ n: 1 }]]);
  const child = tree.nodes[1].id;
  expect((await app.inject(`/v1/tasks/${child}`)).json()).toMatchObject({ id: child, parentId: id, rootId: id });
  expect((await app.inject('/v1/tasks?state=succeeded&coroutine=main')).json().items).toMatchObject([{ id }]);
  expect((await app.inject('/v1/tasks?state=failed')).json()).toEqual({ items: [] });
});

test('pages of a list follow each other', async () => {
  const { app, post } = await start({ workers: 0 });
  for (let n = 0; n < 5; n++) await post('/v1/tasks', { coroutine: 'main', options: { name: `job ${n}` } });
  const names: string[] = [];
  let next: string | undefined = '/v1/tasks?limit=2';
  for (let page = 0; page < 3 && next !== undefined; page++) {
    const { items, nextCursor }: Page<TaskView> = (await app.inject(next)).json();
    names.push(...items.map(({ name }) => String(name)));
    next = nextCursor && `/v1/tasks?limit=2&cursor=${nextCursor}`;
  }
  expect(next).toBeUndefined();
  expect(names.sort()).toEqual(['job 0', 'job 1', 'job 2', 'job 3', 'job 4']);
  problemOf(await app.inject('/v1/tasks?cursor=nonsense'), 400, 'invalid-request');
});

test('a failure has type and message', async () => {
  const { post } = await start();
  const answer = await post('/v1/tasks?waitMs=5000', { coroutine: 'fails' });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ state: 'failed', error: { type: 'RangeError', message: 'too far' } });
});

test('a cancel ends a sleeper, and changes nothing after that', async () => {
  const { app, post } = await start({ workers: 0 });
  const { id } = (await post('/v1/tasks', { coroutine: 'sleeper' })).json();
  expect((await post(`/v1/tasks/${id}/cancel`, { message: 'enough' })).statusCode).toBe(202);
  const { state, error } = (await app.inject(`/v1/tasks/${id}?waitMs=5000`)).json();
  expect([state, error.type, error.message]).toEqual(['cancelled', 'CancelledError', 'enough']);
  const again = await post(`/v1/tasks/${id}/cancel`, { message: 'more' });
  expect([again.statusCode, again.json().error.message]).toEqual([202, 'enough']);
});

test('a coroutine that no worker knows waits as unroutable', async () => {
  const { app, post } = await start();
  const { id } = (await post('/v1/tasks', { coroutine: 'later' })).json();
  await expect.poll(async () => (await app.inject(`/v1/tasks/${id}`)).json().unroutable).toBe(true);
});

test('an idempotency key makes a submit repeatable', async () => {
  const { post } = await start();
  const headers = { 'idempotency-key': 'order-17' };
  const first = await post('/v1/tasks', { coroutine: 'main', args: { count: 1 } }, headers);
  const again = await post('/v1/tasks', { coroutine: 'main', args: { count: 1 } }, headers);
  expect(again.json().id).toBe(first.json().id);
  expect([first, again].map((answer) => answer.headers['idempotency-replayed'])).toEqual([undefined, 'true']);
  const other = await post('/v1/tasks', { coroutine: 'main', args: { count: 2 } }, headers);
  problemOf(other, 422, 'idempotency-conflict');
});

test('keys of args that JavaScript finds special come back as they were', async () => {
  const echo = coroutine('echo', (_loop, args: object) => args);
  const { app } = await start({ coroutines: [echo] });
  const args = '{"__proto__":{"admin":true},"constructor":{"prototype":1},"then":2}';
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/tasks?waitMs=5000',
    payload: `{"coroutine":"echo","args":${args}}`,
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toContain(`"result":${args}`);
});

test('workers and coroutines are listed', async () => {
  const { app } = await start();
  const { items } = (await app.inject('/v1/workers')).json();
  expect(items).toMatchObject([{ state: 'up', slots: 100, pid: process.pid }, { state: 'up' }]);
  const coroutines = (await app.inject('/v1/coroutines')).json();
  expect(coroutines.items).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'double', workers: 2 })]));
});
