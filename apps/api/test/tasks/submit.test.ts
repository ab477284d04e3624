import { StoreUnavailableError } from '@corral/scheduler';
import { describe, expect, test } from 'vitest';
import { type Booted, boot, problemOf } from '../boot.ts';

const post = ({ app }: Booted, body: unknown, { url = '/v1/tasks', headers = {} } = {}) =>
  app.inject({ method: 'POST', url, payload: body as object, headers });

describe('POST /v1/tasks', () => {
  test('hands coroutine, args and options to the client, and answers 202 with the view and its location', async () => {
    const api = await boot();
    const body = {
      coroutine: 'crawl',
      args: { url: 'x', deep: [1, { a: null }] },
      options: {
        ...{ name: 'n', priority: 7, resultTtlMs: 60_000 },
        ...{ timeout: 500.5, deadline: 1e15, expiresAfter: 1 },
        retry: { attempts: 3, initialMs: 100, factor: 1.5, maxMs: 1e3, jitter: 0, on: ['E'], except: ['F'] },
      },
    };
    const answer = await post(api, body);
    const [task] = api.client.tasks.values();
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual(task);
    expect(answer.headers.location).toBe(`/v1/tasks/${task?.id}`);
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
    expect(api.client.submitted).toEqual([['crawl', body.args, body.options]]);
  });

  test('takes {} for args that are left out', async () => {
    const api = await boot();
    expect((await post(api, { coroutine: 'main' })).statusCode).toBe(202);
    expect(api.client.submitted).toEqual([['main', {}, {}]]);
  });

  test('accepts a coroutine that nobody knows', async () => {
    const api = await boot();
    api.client.announced = [{ name: 'main', versions: ['1'], workers: 1 }];
    expect((await post(api, { coroutine: 'team/later:v2.x_y-z', args: {} })).statusCode).toBe(202);
  });

  test('reads what `curl -d` sends, which says that its JSON is a form', async () => {
    const api = await boot();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post(api, '{"coroutine":"main","args":{}}', { headers })).statusCode).toBe(202);
  });

  test('keys that JavaScript finds special are plain data in args', async () => {
    const api = await boot();
    const args = '{"__proto__":{"admin":true},"constructor":{"prototype":1},"then":2,"toJSON":3}';
    const answer = await post(api, `{"coroutine":"then","args":${args}}`, {
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(202);
    const taken = api.client.submitted[0]?.[1] as Record<string, unknown>;
    expect(JSON.stringify(taken)).toBe(args);
    expect(Object.getPrototypeOf(taken)).toBe(Object.prototype);
    expect(taken['admin']).toBeUndefined();
  });

  test('names may begin with a digit, _ or $, and hold dots, colons, slashes and dashes', async () => {
    const api = await boot();
    for (const coroutine of ['1', '_', '$', 'x'.repeat(200)])
      expect((await post(api, { coroutine })).statusCode).toBe(202);
  });

  test.each(['__proto__', 'constructor', 'prototype', 'then', 'toString'])(
    '%s may be the name of a coroutine',
    async (name) => {
      const api = await boot();
      expect((await post(api, { coroutine: name, args: {} })).statusCode).toBe(202);
    },
  );

  const faults: [string, unknown, { pointer: string; detail: RegExp }[]][] = [
    ['no body', undefined, [{ pointer: '#', detail: /expected object/ }]],
    ['an array', [], [{ pointer: '#', detail: /expected object/ }]],
    ['no coroutine', { args: {} }, [{ pointer: '#/coroutine', detail: /expected string/ }]],
    ['an empty name', { coroutine: '' }, [{ pointer: '#/coroutine', detail: /1 to 200/ }]],
    ['a name with a space', { coroutine: 'a b' }, [{ pointer: '#/coroutine', detail: /1 to 200/ }]],
    ['a name that begins with a slash', { coroutine: '/a' }, [{ pointer: '#/coroutine', detail: /1 to 200/ }]],
    ['a name with a line break', { coroutine: 'a\n' }, [{ pointer: '#/coroutine', detail: /1 to 200/ }]],
    ['a name of 201', { coroutine: 'x'.repeat(201) }, [{ pointer: '#/coroutine', detail: /1 to 200/ }]],
    ['args that are a list', { coroutine: 'a', args: [1] }, [{ pointer: '#/args', detail: /object/ }]],
    ['args that are null', { coroutine: 'a', args: null }, [{ pointer: '#/args', detail: /object/ }]],
    ['args that are a text', { coroutine: 'a', args: '{}' }, [{ pointer: '#/args', detail: /object/ }]],
    ['an unknown field', { coroutine: 'a', arg: {} }, [{ pointer: '#/arg', detail: /not known/ }]],
    [
      'an unknown option',
      { coroutine: 'a', options: { prio: 1 } },
      [{ pointer: '#/options/prio', detail: /not known/ }],
    ],
    [
      'a priority of -1',
      { coroutine: 'a', options: { priority: -1 } },
      [{ pointer: '#/options/priority', detail: />=0/ }],
    ],
    [
      'a time to keep the result of less than a second',
      { coroutine: 'a', options: { resultTtlMs: 999 } },
      [{ pointer: '#/options/resultTtlMs', detail: />=1000/ }],
    ],
    [
      'a priority of 1.5',
      { coroutine: 'a', options: { priority: 1.5 } },
      [{ pointer: '#/options/priority', detail: /int/ }],
    ],
    ['an empty label', { coroutine: 'a', options: { name: '' } }, [{ pointer: '#/options/name', detail: />=1/ }]],
    [
      'no attempts',
      { coroutine: 'a', options: { retry: {} } },
      [{ pointer: '#/options/retry/attempts', detail: /number/ }],
    ],
    [
      'faults in a retry policy',
      {
        coroutine: 'a',
        options: { retry: { attempts: 0, initialMs: -1, factor: 0, maxMs: 1e16, jitter: 1.1, on: ['CancelledError'] } },
      },
      [
        { pointer: '#/options/retry/attempts', detail: />=1/ },
        { pointer: '#/options/retry/initialMs', detail: />=0/ },
        { pointer: '#/options/retry/factor', detail: />=1/ },
        { pointer: '#/options/retry/maxMs', detail: /<=1000000000000000/ },
        { pointer: '#/options/retry/jitter', detail: /<=1/ },
        { pointer: '#/options/retry/on/0', detail: /never retried/ },
      ],
    ],
    [
      'an unknown field of a retry policy',
      { coroutine: 'a', options: { retry: { attempts: 2, backoff: 1 } } },
      [{ pointer: '#/options/retry/backoff', detail: /not known/ }],
    ],
    [
      'faults in limits of time',
      { coroutine: 'a', options: { timeout: 0, deadline: 1e16, expiresAfter: '1s' } },
      [
        { pointer: '#/options/timeout', detail: />=1/ },
        { pointer: '#/options/deadline', detail: /<=1000000000000000/ },
        { pointer: '#/options/expiresAfter', detail: /number/ },
      ],
    ],
    [
      'an inherited deadline',
      { coroutine: 'a', options: { deadlineAt: 1 } },
      [{ pointer: '#/options/deadlineAt', detail: /not known/ }],
    ],
    [
      'two faults',
      { coroutine: 1, options: { priority: 'high' } },
      [
        { pointer: '#/coroutine', detail: /expected string, received number/ },
        { pointer: '#/options/priority', detail: /expected number, received string/ },
      ],
    ],
  ];
  test.each(faults)('refuses %s, and says where', async (_, body, errors) => {
    const api = await boot();
    const problem = problemOf(await post(api, body), 400, 'invalid-request');
    expect(problem.errors).toEqual(
      errors.map(({ pointer, detail }) => ({ pointer, detail: expect.stringMatching(detail) })),
    );
    expect(api.client.submitted).toEqual([]);
  });

  test('refuses special keys outside of args like any other unknown field', async () => {
    const api = await boot();
    const answer = await post(api, '{"coroutine":"a","__proto__":{"args":{}},"constructor":1}', {
      headers: { 'content-type': 'application/json' },
    });
    const pointers = problemOf(answer, 400, 'invalid-request').errors?.map(({ pointer }) => pointer);
    expect(pointers).toEqual(['#/__proto__', '#/constructor']);
  });

  test('takes args 64 levels deep and no deeper', async () => {
    const api = await boot();
    const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
    expect((await post(api, { coroutine: 'a', args: nested(64) })).statusCode).toBe(202);
    const problem = problemOf(await post(api, { coroutine: 'a', args: nested(65) }), 400, 'invalid-request');
    expect(problem.errors).toEqual([{ pointer: `#/args${'/a'.repeat(64)}`, detail: 'is nested too deeply' }]);
  });

  test('refuses a number that no double can hold', async () => {
    const api = await boot();
    const headers = { 'content-type': 'application/json' };
    const answer = await post(api, '{"coroutine":"a","args":{"xs":[1,1e999]}}', { headers });
    expect(problemOf(answer, 400, 'invalid-request').errors).toEqual([
      { pointer: '#/args/xs/1', detail: 'is too large for a number' },
    ]);
  });

  test('names at most 20 faults', async () => {
    const api = await boot();
    const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field${i}`, i]));
    const problem = problemOf(await post(api, { coroutine: 'a', ...unknown }), 400, 'invalid-request');
    expect(problem.errors).toHaveLength(20);
  });
});

describe('POST /v1/tasks with Idempotency-Key', () => {
  const body = { coroutine: 'main', args: { a: 1 } };
  const withKey = (api: Booted, key: string, content: object = body) =>
    post(api, content, { headers: { 'idempotency-key': key } });

  test('the same key and body give the same task and say so', async () => {
    const api = await boot();
    const first = await withKey(api, 'order-17');
    const again = await withKey(api, 'order-17');
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.statusCode).toBe(202);
    expect(again.json()).toEqual(first.json());
    expect(again.headers.location).toBe(first.headers.location);
    expect(api.client.tasks.size).toBe(1);
  });

  test('a quoted key is the same key', async () => {
    const api = await boot();
    await withKey(api, 'a"b\\c');
    expect((await withKey(api, '"a\\"b\\\\c"')).headers['idempotency-replayed']).toBe('true');
  });

  test('another body under the same key is a conflict', async () => {
    const api = await boot();
    await withKey(api, 'k');
    problemOf(await withKey(api, 'k', { coroutine: 'main', args: { a: 2 } }), 422, 'idempotency-conflict');
  });

  test.each(['', '""', 'two words', 'k'.repeat(256), 'ä'])('refuses the key %j', async (key) => {
    const api = await boot();
    const problem = problemOf(await withKey(api, key), 400, 'invalid-request');
    expect(problem.errors).toMatchObject([{ header: 'Idempotency-Key' }]);
  });

  test('takes a key of 255 characters', async () => {
    const api = await boot();
    expect((await withKey(api, 'k'.repeat(255))).statusCode).toBe(202);
  });
});

describe('POST /v1/tasks?waitMs', () => {
  const url = '/v1/tasks?waitMs=5000';

  test('answers 200 with the result as soon as the task is settled', async () => {
    const api = await boot();
    const answer = post(api, { coroutine: 'main' }, { url });
    await expect.poll(() => api.client.waiting).toBe(1);
    const [id = ''] = api.client.tasks.keys();
    api.client.settle(id, { state: 'succeeded', result: null });
    expect((await answer).statusCode).toBe(200);
    expect((await answer).json()).toMatchObject({ id, state: 'succeeded', result: null });
    expect((await answer).headers.location).toBe(`/v1/tasks/${id}`);
  });

  test('answers 202 with the task as it is when the wait is over', async () => {
    const api = await boot();
    const answer = await post(api, { coroutine: 'main' }, { url: '/v1/tasks?waitMs=1' });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ state: 'pending' });
  });

  test('answers 202 with the id when the store goes away during the wait', async () => {
    const api = await boot();
    api.client.waitFault = new StoreUnavailableError('gone');
    const answer = await post(api, { coroutine: 'main' }, { url });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual([...api.client.tasks.values()][0]);
  });

  test('does not create a task when waitMs is wrong', async () => {
    const api = await boot();
    problemOf(await post(api, { coroutine: 'main' }, { url: '/v1/tasks?waitMs=60001' }), 400, 'invalid-request');
    expect(api.client.submitted).toEqual([]);
  });
});
