import { describe, expect, test } from 'vitest';
import { boot, problemOf } from '../boot.ts';
import { rootId } from '../fake-client.ts';

const unknownId = rootId(0);

describe('GET /v1/tasks/{id}', () => {
  test('answers the view of a root, a child and a member of a gather', async () => {
    const { app, client } = await boot();
    for (const suffix of ['', '.ABCDEFGHJKMN', '.ABCDEFGHJKMN.99999']) {
      const task = client.add({ id: unknownId + suffix, state: 'succeeded', result: null });
      const answer = await app.inject(`/v1/tasks/${task.id}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toEqual(task);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  test('shows the error of a task with its members and its stack', async () => {
    const { app, client } = await boot();
    const error = { type: 'ExceptionGroup', message: 'two', stack: 's', errors: [{ type: 'E', message: 'm' }] };
    const { id } = client.add({ state: 'failed', error });
    expect((await app.inject(`/v1/tasks/${id}`)).json()).toMatchObject({ state: 'failed', error });
  });

  test.each(['', '?waitMs=10', '/tree', '/logs', '/history'])('a task that is not there is 404 (%s)', async (rest) => {
    const { app } = await boot();
    for (const id of [unknownId, 'nonsense', '%00', 'x'.repeat(5000), '__proto__'])
      problemOf(await app.inject(`/v1/tasks/${encodeURIComponent(id)}${rest}`), 404, 'task-not-found');
  });
});

describe('GET /v1/tasks/{id}?waitMs', () => {
  test('answers when the task is settled', async () => {
    const { app, client } = await boot();
    const { id } = client.add();
    const answer = app.inject(`/v1/tasks/${id}?waitMs=60000`);
    await expect.poll(() => client.waiting).toBe(1);
    client.settle(id, { state: 'cancelled', error: { type: 'CancelledError', message: '' } });
    expect((await answer).json()).toMatchObject({ id, state: 'cancelled' });
  });

  test('answers 200 with the task as it is when the wait is over', async () => {
    const { app, client } = await boot();
    const { id } = client.add({ state: 'suspended' });
    const answer = await app.inject(`/v1/tasks/${id}?waitMs=1`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ state: 'suspended' });
  });

  test.each(['', '-1', '1.5', '1e3', '0x10', '%205', '5%20', 'soon', '60001', '9999999999', '5&waitMs=6'])(
    'refuses waitMs=%s',
    async (text) => {
      const { app, client } = await boot();
      const answer = await app.inject(`/v1/tasks/${client.add().id}?waitMs=${text}`);
      expect(problemOf(answer, 400, 'invalid-request').errors).toMatchObject([{ parameter: 'waitMs' }]);
    },
  );
});

describe('POST /v1/tasks/{id}/cancel', () => {
  test.each([
    ['a message', { message: 'enough' }, 'enough'],
    ['an empty object', {}, undefined],
    ['no body', undefined, undefined],
  ])('takes %s and answers 202 with the view', async (_, payload, message) => {
    const { app, client } = await boot();
    const task = client.add({ state: 'running' });
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/tasks/${task.id}/cancel`,
      ...(payload && { payload }),
    });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual(task);
    expect(client.cancelled).toEqual([[task.id, message, false]]);
  });

  test.each([true, false])('with tree=%s', async (tree) => {
    const { app, client } = await boot();
    const { id } = client.add();
    const answer = await app.inject({ method: 'POST', url: `/v1/tasks/${id}/cancel?tree=${tree}` });
    expect(answer.statusCode).toBe(202);
    expect(client.cancelled).toEqual([[id, undefined, tree]]);
  });

  test.each(['tree=yes', 'tree=', 'tree=TRUE', 'tree=true&tree=true', 'trees=true'])('refuses ?%s', async (query) => {
    const { app, client } = await boot();
    const answer = await app.inject({ method: 'POST', url: `/v1/tasks/${client.add().id}/cancel?${query}` });
    expect(problemOf(answer, 400, 'invalid-request').errors?.[0]?.parameter).toContain('tree');
    expect(client.cancelled).toEqual([]);
  });

  test('answers 202 for a settled task', async () => {
    const { app, client } = await boot();
    const { id } = client.add({ state: 'succeeded', result: 1 });
    const answer = await app.inject({ method: 'POST', url: `/v1/tasks/${id}/cancel` });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ state: 'succeeded', result: 1 });
  });

  test('answers 404 for a task that is not there', async () => {
    const { app } = await boot();
    for (const id of [unknownId, 'nonsense'])
      problemOf(await app.inject({ method: 'POST', url: `/v1/tasks/${id}/cancel` }), 404, 'task-not-found');
  });

  test.each([
    [{ message: 7 }, '#/message'],
    [{ reason: 'x' }, '#/reason'],
    [[], '#'],
    ['"text"', '#'],
    ['null', '#'],
  ])('refuses the body %j', async (payload, pointer) => {
    const { app, client } = await boot();
    const answer = await app.inject({
      method: 'POST',
      url: `/v1/tasks/${client.add().id}/cancel`,
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect(problemOf(answer, 400, 'invalid-request').errors).toMatchObject([{ pointer }]);
    expect(client.cancelled).toEqual([]);
  });
});

describe('GET /v1/tasks', () => {
  test('passes the filter on, and answers a page', async () => {
    const { app, client } = await boot();
    const task = client.add();
    const answer = await app.inject('/v1/tasks?state=failed&coroutine=a/b&cursor=abc&limit=500');
    expect(answer.json()).toEqual({ items: [task], nextCursor: 'more' });
    expect(client.listed).toEqual([[{ state: 'failed', coroutine: 'a/b', cursor: 'abc', limit: 500 }]]);
  });

  test('asks for nothing in particular by default', async () => {
    const { app, client } = await boot();
    await app.inject('/v1/tasks');
    expect(client.listed).toEqual([[{}]]);
  });

  test.each([
    ['state=done', 'state'],
    ['state=failed&state=running', 'state'],
    ['coroutine=a%20b', 'coroutine'],
    ['cursor=', 'cursor'],
    ['cursor=broken', 'cursor'],
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=ten', 'limit'],
    ['page=2', 'page'],
    ['__proto__=1', '__proto__'],
  ])('refuses ?%s', async (query, parameter) => {
    const { app } = await boot();
    const problem = problemOf(await app.inject(`/v1/tasks?${query}`), 400, 'invalid-request');
    expect(problem.errors).toMatchObject([{ parameter }]);
  });
});

test('GET /v1/tasks/{id}/tree', async () => {
  const { app, client } = await boot();
  const { id } = client.add();
  const answer = await app.inject(`/v1/tasks/${id}/tree?limit=3`);
  expect(answer.json()).toMatchObject({ id, omitted: 2, nodes: [{ parentId: id, nodes: [], omitted: 0 }] });
  expect(client.limits).toEqual([3]);
  problemOf(await app.inject(`/v1/tasks/${id}/tree?limit=1001`), 400, 'invalid-request');
});

test('GET /v1/tasks/{id}/logs', async () => {
  const { app, client } = await boot();
  const { id } = client.add();
  client.entries = [{ task: id, entries: ['a', { b: null }, 3] }];
  expect((await app.inject(`/v1/tasks/${id}/logs`)).json()).toEqual({ logs: client.entries });
});

test('GET /v1/workers', async () => {
  const { app, client } = await boot();
  const counts = { slots: 100, running: 2, suspended: 3 };
  client.live = [{ id: 'w', state: 'up', host: 'h', pid: 42, version: '1', coroutines: ['main'], ...counts }];
  expect((await app.inject('/v1/workers')).json()).toEqual({ items: client.live });
});

test('GET /v1/coroutines', async () => {
  const { app, client } = await boot();
  client.announced = [{ name: 'main', argsSchema: { type: 'object' }, versions: ['a', 'b'], workers: 2 }];
  expect((await app.inject('/v1/coroutines')).json()).toEqual({ items: client.announced });
});

test.each(['/v1/workers', '/v1/coroutines', `/v1/tasks/${unknownId}/logs`])('%s takes no query', async (path) => {
  const { app } = await boot();
  const problem = problemOf(await app.inject(`${path}?verbose=1`), 400, 'invalid-request');
  expect(problem.errors).toEqual([{ parameter: 'verbose', detail: 'is not known here' }]);
});
