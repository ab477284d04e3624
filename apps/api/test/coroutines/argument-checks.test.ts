import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Booted, boot, problemOf } from '../boot.ts';

const submit = ({ app }: Booted, args: unknown, coroutine = 'fetch') =>
  app.inject({
    method: 'POST',
    url: '/v1/tasks',
    payload: typeof args === 'string' ? args : JSON.stringify({ coroutine, args }),
    headers: { 'content-type': 'application/json' },
  });

async function bootWithSchema(argsSchema: unknown): Promise<Booted> {
  const api = await boot();
  api.client.announced = [
    { name: 'fetch', argsSchema, versions: ['1'], workers: 1 },
    { name: 'free', versions: ['1'], workers: 1 },
  ];
  return api;
}

const announce = (schema: z.ZodType): Promise<Booted> => bootWithSchema(z.toJSONSchema(schema, { io: 'input' }));

describe('arguments of a coroutine with a schema', () => {
  const fetchArgs = z.strictObject({
    url: z.url(),
    retries: z.int().min(0).max(5).default(0),
    headers: z.record(z.string(), z.string()).optional(),
    tags: z.array(z.enum(['a', 'b'])).optional(),
  });

  test('that fit are accepted, and passed on as they came', async () => {
    const api = await announce(fetchArgs);
    const args = { url: 'https://example.org/ä b', headers: { 'x/y': 'z' }, tags: ['a'] };
    expect((await submit(api, args)).statusCode).toBe(202);
    expect(api.client.submitted).toEqual([['fetch', args, {}]]);
  });

  test.each<[unknown, string, RegExp]>([
    [{}, '#/args/url', /required/],
    [{ url: 7 }, '#/args/url', /string/],
    [{ url: 'nonsense' }, '#/args/url', /uri/],
    [{ url: 'https://a.b', retries: 6 }, '#/args/retries', /<= 5/],
    [{ url: 'https://a.b', retries: 1.5 }, '#/args/retries', /integer/],
    [{ url: 'https://a.b', retires: 1 }, '#/args/retires', /not known/],
    [{ url: 'https://a.b', tags: ['a', 'c'] }, '#/args/tags/1', /\["a","b"\]/],
    [{ url: 'https://a.b', headers: { 'x/y~ü': 1 } }, '#/args/headers/x~1y~0%C3%BC', /string/],
  ])('that do not fit are refused: %j', async (args, pointer, detail) => {
    const api = await announce(fetchArgs);
    const problem = problemOf(await submit(api, args), 400, 'invalid-arguments');
    expect(problem.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
    expect(api.client.submitted).toEqual([]);
  });

  test('all faults are told, up to 20', async () => {
    const api = await announce(z.object({ xs: z.array(z.string()) }));
    const two = problemOf(await submit(api, { xs: ['a', 1, 2] }), 400, 'invalid-arguments');
    expect(two.errors?.map(({ pointer }) => pointer)).toEqual(['#/args/xs/1', '#/args/xs/2']);
    const many = problemOf(await submit(api, { xs: new Array(100).fill(1) }), 400, 'invalid-arguments');
    expect(many.errors).toHaveLength(20);
  });

  test('of large arguments the first fault is told', async () => {
    const api = await announce(z.object({ xs: z.array(z.string()) }));
    const problem = problemOf(await submit(api, { xs: new Array(10_000).fill(1) }), 400, 'invalid-arguments');
    expect(problem.errors).toMatchObject([{ pointer: '#/args/xs/0' }]);
  });

  test('a required key that every object inherits must be there', async () => {
    const api = await announce(z.object({ constructor: z.string() }));
    problemOf(await submit(api, {}), 400, 'invalid-arguments');
    expect((await submit(api, { constructor: 'x' })).statusCode).toBe(202);
  });

  test('a key that is half a surrogate pair is named as well as it can be', async () => {
    const api = await announce(z.strictObject({}));
    const answer = await submit(api, '{"coroutine":"fetch","args":{"\\ud800":1}}');
    expect(problemOf(answer, 400, 'invalid-arguments').errors).toMatchObject([{ pointer: '#/args/%EF%BF%BD' }]);
  });

  test('coroutines without a schema, and unknown ones, take anything', async () => {
    const api = await announce(fetchArgs);
    expect((await submit(api, { any: 1 }, 'free')).statusCode).toBe(202);
    expect((await submit(api, { any: 1 }, 'unknown')).statusCode).toBe(202);
    expect((await submit(api, { any: 1 }, 'constructor')).statusCode).toBe(202);
  });

  test('a schema that cannot be used lets arguments pass, and is logged once', async () => {
    const api = await bootWithSchema({ type: 'strnig' });
    expect((await submit(api, { a: 1 })).statusCode).toBe(202);
    expect((await submit(api, { a: 1 })).statusCode).toBe(202);
    expect(api.logged.filter(({ msg }) => String(msg).includes('schema announced for fetch'))).toHaveLength(1);
  });

  test('a schema with an $id may change', async () => {
    const api = await bootWithSchema({ $id: 'https://example.org/args', type: 'object', required: ['a'] });
    problemOf(await submit(api, {}), 400, 'invalid-arguments');
    const other = await bootWithSchema({ $id: 'https://example.org/args', type: 'object', required: ['b'] });
    problemOf(await submit(other, { a: 1 }), 400, 'invalid-arguments');
  });
});

describe('what workers announce', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is asked for once a second, and followed', async () => {
    const api = await bootWithSchema({ type: 'object', required: ['a'] });
    await Promise.all([submit(api, {}), submit(api, {}), submit(api, { a: 1 })]);
    expect(api.client.coroutineCalls).toBe(1);

    api.client.announced = [{ name: 'fetch', argsSchema: { required: ['b'] }, versions: ['2'], workers: 1 }];
    vi.advanceTimersByTime(999);
    expect((await submit(api, { a: 1 })).statusCode).toBe(202);
    vi.advanceTimersByTime(1);
    problemOf(await submit(api, { a: 1 }), 400, 'invalid-arguments');
    expect(api.client.coroutineCalls).toBe(2);

    api.client.announced = [];
    vi.advanceTimersByTime(1000);
    expect((await submit(api, { c: 1 })).statusCode).toBe(202);
  });

  test('is asked for again at once when the asking failed', async () => {
    const api = await bootWithSchema({ type: 'object' });
    api.client.fault = new Error('lost');
    problemOf(await submit(api, {}), 500, 'internal-error');
    expect((await submit(api, {})).statusCode).toBe(202);
  });
});
