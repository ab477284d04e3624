import { PayloadTooLargeError, StoreUnavailableError } from '@corral/scheduler';
import { describe, expect, test } from 'vitest';
import { type Booted, boot, problemOf } from '../boot.ts';

const post = ({ app }: Booted, body: unknown, { headers = {}, url = '/v1/tasks/batch' } = {}) =>
  app.inject({
    method: 'POST',
    url,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

const many = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ coroutine: 'main', args: { i } }));

describe('POST /v1/tasks/batch', () => {
  test('hands all tasks to the client at once, and answers 202 with their views in the order of the request', async () => {
    const api = await boot();
    const options = { name: 'n', priority: 7, retry: { attempts: 3 }, deadline: 1000 };
    const tasks = [{ coroutine: 'crawl', args: { url: 'x' }, options }, { coroutine: 'main' }, { coroutine: 'nobody' }];
    const answer = await post(api, { tasks });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ items: [...api.client.tasks.values()] });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
    expect(api.client.batches).toEqual([3]);
    expect(api.client.submitted).toEqual([
      ['crawl', { url: 'x' }, options],
      ['main', {}, {}],
      ['nobody', {}, {}],
    ]);
  });

  test('all tasks belong to the trace of the request', async () => {
    const api = await boot();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect((await post(api, { tasks: many(2) }, { headers: { traceparent } })).statusCode).toBe(202);
    expect(api.client.submitted.map(([, , options]) => options?.trace)).toEqual([{ traceparent }, { traceparent }]);
  });

  test('takes 1 to 1,000 tasks', async () => {
    const api = await boot();
    expect((await post(api, { tasks: many(1000) })).json().items).toHaveLength(1000);
    for (const [tasks, detail] of [
      [[], /expected array to have >=1 items/],
      [many(1001), /^must be at most 1000 tasks$/],
      [new Array(20_000).fill(0), /^must be at most 1000 tasks$/],
      [{}, /expected array/],
      [undefined, /expected array/],
    ] as const) {
      const problem = problemOf(await post(api, { tasks }), 400, 'invalid-request');
      expect(problem.errors).toEqual([{ pointer: '#/tasks', detail: expect.stringMatching(detail) }]);
    }
    expect(api.client.batches).toEqual([1000]);
  });

  test('knows no other fields, and no parameters', async () => {
    const api = await boot();
    const problem = problemOf(await post(api, { tasks: many(1), task: 1 }), 400, 'invalid-request');
    expect(problem.errors).toEqual([{ pointer: '#/task', detail: 'is not known here' }]);
    const waiting = await post(api, { tasks: many(1) }, { url: '/v1/tasks/batch?waitMs=5' });
    expect(problemOf(waiting, 400, 'invalid-request').errors).toEqual([
      { parameter: 'waitMs', detail: 'is not known here' },
    ]);
    expect(api.client.batches).toEqual([]);
  });

  test('keys that JavaScript finds special are plain data in args', async () => {
    const api = await boot();
    const args = '{"__proto__":{"admin":true},"constructor":1,"then":2}';
    expect((await post(api, `{"tasks":[{"coroutine":"then","args":${args}}]}`)).statusCode).toBe(202);
    expect(JSON.stringify(api.client.submitted[0]?.[1])).toBe(args);
  });
});

describe('one bad task refuses the whole batch', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

  /** 17 good tasks, and then these. */
  async function refused(bad: readonly object[], type: Parameters<typeof problemOf>[2]) {
    const api = await boot();
    api.client.announced = [{ name: 'strict', argsSchema: schema, versions: ['1'], workers: 1 }];
    const problem = problemOf(await post(api, { tasks: [...many(17), ...bad, ...many(1)] }), 400, type);
    expect(api.client.batches).toEqual([]);
    return problem.errors;
  }

  test.each([
    [{ coroutine: 'a b' }, '#/tasks/17/coroutine', /1 to 200/],
    [{ coroutine: 'program.task', args: {} }, '#/tasks/17/coroutine', /submit the coroutine "program"/],
    [{ coroutine: 'a', args: [1] }, '#/tasks/17/args', /object/],
    [{ coroutine: 'a', arg: {} }, '#/tasks/17/arg', /not known/],
    [{ coroutine: 'a', options: { priority: -1 } }, '#/tasks/17/options/priority', />=0/],
    [{ coroutine: 'a', options: { retry: { attempts: 0 } } }, '#/tasks/17/options/retry/attempts', />=1/],
    [
      { coroutine: 'a', args: JSON.parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`) },
      `#/tasks/17/args${'/a'.repeat(64)}`,
      /nested too deeply/,
    ],
  ])('for its shape: %j', async (bad, pointer, detail) => {
    const errors = await refused([bad], 'invalid-request');
    expect(errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });

  test('for its arguments, and all tasks at fault are named', async () => {
    const errors = await refused(
      [{ coroutine: 'strict' }, { coroutine: 'strict', args: { n: 'x' } }],
      'invalid-arguments',
    );
    expect(errors).toEqual([
      { pointer: '#/tasks/17/args/n', detail: 'is required' },
      { pointer: '#/tasks/18/args/n', detail: 'must be integer' },
    ]);
  });

  test('for a program; other kinds of faults are told when these are gone', async () => {
    const args = { program: { do: [{ slep: 1 }] } };
    const errors = await refused([{ coroutine: 'program', args }, { coroutine: 'strict' }], 'invalid-program');
    expect(errors).toEqual([
      { pointer: '#/tasks/17/args/program/do/0', detail: 'unknown key "slep"; did you mean "sleep"?' },
    ]);
  });

  test('and at most 20 faults are named', async () => {
    expect(await refused(new Array(900).fill({ coroutine: 'strict' }), 'invalid-arguments')).toHaveLength(20);
    expect(await refused(new Array(900).fill({ coroutine: '' }), 'invalid-request')).toHaveLength(20);
  });

  test('for its size', async () => {
    const api = await boot();
    const fault = new PayloadTooLargeError('task 17: arguments of a: 11 bytes, 10 are allowed');
    Object.assign(fault, { size: { field: 'arguments of a', size: 11, limit: 10, task: 17 } });
    api.client.fault = fault;
    const problem = problemOf(await post(api, { tasks: many(20) }), 413, 'payload-too-large');
    expect(problem.errors).toEqual([{ pointer: '#/tasks/17/args', detail: fault.message }]);
  });

  test('the store being away is told as everywhere', async () => {
    const api = await boot();
    api.client.fault = new StoreUnavailableError('away');
    problemOf(await post(api, { tasks: many(2) }), 503, 'store-unavailable');
  });
});

describe('POST /v1/tasks/batch with Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'k' };

  test('the same key and body give the same tasks and say so', async () => {
    const api = await boot();
    const first = await post(api, { tasks: many(3) }, { headers });
    const again = await post(api, { tasks: many(3) }, { headers });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect([again.statusCode, again.json()]).toEqual([202, first.json()]);
    expect(api.client.tasks.size).toBe(3);
  });

  test('another body under the same key is a conflict, and a bad key is refused', async () => {
    const api = await boot();
    await post(api, { tasks: many(3) }, { headers });
    const other = await post(api, { tasks: many(3).reverse() }, { headers });
    problemOf(other, 422, 'idempotency-conflict');
    const bad = await post(api, { tasks: many(3) }, { headers: { 'idempotency-key': 'two words' } });
    expect(problemOf(bad, 400, 'invalid-request').errors).toMatchObject([{ header: 'Idempotency-Key' }]);
    expect(api.client.tasks.size).toBe(3);
  });
});
