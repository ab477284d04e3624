import { PayloadTooLargeError, StoreUnavailableError, UnserializableError } from '@corral/scheduler';
import { describe, expect, test } from 'vitest';
import { bodyLimitBytes, boot, problemOf } from '../boot.ts';
import { rootId } from '../fake-client.ts';

const json = { 'content-type': 'application/json' };
const submit = { method: 'POST', url: '/v1/tasks' } as const;

describe('what is wrong with a body', () => {
  test.each(['{', '{"coroutine":"a"} x', "{'coroutine':'a'}", '\u0000', 'NaN'])(
    '%j is malformed JSON',
    async (payload) => {
      const { app } = await boot();
      problemOf(await app.inject({ ...submit, headers: json, payload }), 400, 'malformed-json');
    },
  );

  test('bytes that are no UTF-8 are malformed JSON', async () => {
    const { app } = await boot();
    const payload = Buffer.from('{"coroutine":"a","args":{"x":"\xff"}}', 'latin1');
    const problem = problemOf(await app.inject({ ...submit, headers: json, payload }), 400, 'malformed-json');
    expect(problem.detail).toBe('The body is not UTF-8.');
  });

  test('the message of a syntax error tells the place', async () => {
    const { app } = await boot();
    const answer = await app.inject({ ...submit, headers: json, payload: '{"coroutine" 1}' });
    expect(problemOf(answer, 400, 'malformed-json').detail).toContain('position 13');
  });

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense'])(
    '%s is refused',
    async (type) => {
      const { app } = await boot();
      const headers = { 'content-type': type };
      problemOf(await app.inject({ ...submit, headers, payload: '{}' }), 415, 'unsupported-media-type');
    },
  );

  test('a body without a media type is refused', async () => {
    const { app } = await boot();
    problemOf(await app.inject({ ...submit, payload: Buffer.from('{}') }), 415, 'unsupported-media-type');
  });

  test('a charset is passed over: JSON is UTF-8', async () => {
    const { app } = await boot();
    const headers = { 'content-type': 'Application/JSON; charset=latin1' };
    expect((await app.inject({ ...submit, headers, payload: '{"coroutine":"a"}' })).statusCode).toBe(202);
  });

  test('a compressed body is refused', async () => {
    const { app } = await boot();
    const headers = { ...json, 'content-encoding': 'gzip' };
    problemOf(await app.inject({ ...submit, headers, payload: '{}' }), 415, 'unsupported-media-type');
  });

  test('the limit is exact', async () => {
    const { app } = await boot();
    const body = (size: number) => `{"coroutine":"a"${' '.repeat(size - 17)}}`;
    const limit = await app.inject({ ...submit, headers: json, payload: body(bodyLimitBytes) });
    expect(limit.statusCode).toBe(202);
    const more = await app.inject({ ...submit, headers: json, payload: body(bodyLimitBytes + 1) });
    problemOf(more, 413, 'body-too-large');
  });

  test('a million brackets are no trouble', async () => {
    const { app } = await boot();
    const payload = `{"coroutine":"a","args":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    problemOf(await app.inject({ ...submit, headers: json, payload }), 400, 'invalid-request');
  });
});

describe('paths and methods', () => {
  test.each(['/', '/v1', '/v1/task', '/v1/tasks/', `/v1/tasks/${rootId(1)}/nothing`, '/v2/tasks', '/V1/tasks', '//'])(
    '%s is not there',
    async (url) => {
      const { app } = await boot();
      problemOf(await app.inject(url), 404, 'route-not-found');
    },
  );

  test('a path that cannot be decoded is malformed', async () => {
    const { app } = await boot();
    problemOf(await app.inject('/v1/tasks/%zz'), 400, 'malformed-request');
  });

  test.each([
    ['PUT', '/v1/tasks', 'GET, HEAD, POST'],
    ['DELETE', `/v1/tasks/${rootId(1)}`, 'GET, HEAD'],
    ['GET', `/v1/tasks/${rootId(1)}/cancel`, 'POST'],
    ['OPTIONS', '/v1/workers', 'GET, HEAD'],
    ['GET', '/v1/tasks/batch', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ] as const)('%s %s is not allowed', async (method, url, allow) => {
    const { app } = await boot();
    const answer = await app.inject({ method, url, headers: { 'content-type': 'text/plain' }, payload: 'x' });
    problemOf(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe(allow);
  });

  test('HEAD answers the status and no body', async () => {
    const { app } = await boot();
    const found = await app.inject({ method: 'HEAD', url: '/v1/tasks' });
    expect([found.statusCode, found.body]).toEqual([200, '']);
    const lost = await app.inject({ method: 'HEAD', url: `/v1/tasks/${rootId(9)}` });
    expect([lost.statusCode, lost.body]).toEqual([404, '']);
  });
});

describe('pages of other origins', () => {
  const payload = '{"coroutine":"a"}';
  test.each([
    { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
    { origin: 'null', 'content-type': 'application/json' },
    { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
  ])('may not submit: %j', async (headers) => {
    const { app, client } = await boot();
    problemOf(await app.inject({ ...submit, headers, payload }), 403, 'cross-origin-refused');
    expect(client.submitted).toEqual([]);
  });

  test('pages of this origin may', async () => {
    const { app } = await boot();
    const headers = {
      ...json,
      host: 'localhost:3000',
      origin: 'http://localhost:3000',
      'sec-fetch-site': 'same-origin',
    };
    expect((await app.inject({ ...submit, headers, payload })).statusCode).toBe(202);
  });
});

describe('what goes wrong behind the API', () => {
  const routes = [
    ['POST', '/v1/tasks'],
    ['GET', `/v1/tasks/${rootId(1)}`],
    ['GET', `/v1/tasks/${rootId(1)}?waitMs=5`],
    ['POST', `/v1/tasks/${rootId(1)}/cancel`],
    ['GET', '/v1/tasks'],
    ['GET', `/v1/tasks/${rootId(1)}/tree`],
    ['GET', `/v1/tasks/${rootId(1)}/logs`],
    ['GET', '/v1/workers'],
    ['GET', '/v1/coroutines'],
  ] as const;
  const call = (method: 'GET' | 'POST', url: string) =>
    method === 'GET' ? { method, url } : { method, url, ...(url === '/v1/tasks' && { payload: { coroutine: 'a' } }) };

  test.each(routes)('%s %s answers 503 and when to come back, while the store is away', async (method, url) => {
    const { app, client, logged } = await boot();
    client.fault = new StoreUnavailableError('connect ECONNREFUSED redis://:secret@10.0.0.1');
    const answer = await app.inject(call(method, url));
    problemOf(answer, 503, 'store-unavailable');
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).not.toContain('secret');
    expect(logged.filter(({ level }) => Number(level) >= 40)).toHaveLength(1);
  });

  test.each(routes)('%s %s answers 500 without a word of what it was, and logs that', async (method, url) => {
    const { app, client, logged } = await boot();
    client.fault = new TypeError('secret of the house');
    const answer = await app.inject(call(method, url));
    const { instance } = problemOf(answer, 500, 'internal-error');
    expect(answer.body).not.toContain('secret');
    const [line] = logged.filter(({ level }) => Number(level) >= 50);
    expect(line).toMatchObject({ requestId: instance, err: { type: 'TypeError', message: 'secret of the house' } });
  });

  test('what is no error is a 500 too', async () => {
    const { app, client } = await boot();
    client.fault = 'a text';
    problemOf(await app.inject('/v1/workers'), 500, 'internal-error');
  });

  test('a RangeError is the fault of a cursor only where there is one', async () => {
    const { app, client } = await boot();
    client.fault = new RangeError('bug');
    problemOf(await app.inject('/v1/tasks'), 500, 'internal-error');
  });

  test('a value that cannot be stored is the fault of the request', async () => {
    const { app, client } = await boot();
    client.coroutineFaults = false;
    client.fault = new UnserializableError('the value at /args is a Map');
    const answer = await app.inject({ ...submit, payload: { coroutine: 'a' } });
    expect(problemOf(answer, 400, 'invalid-request').detail).toBe('the value at /args is a Map');
  });

  test('arguments that are too large are, and the problem says by how much', async () => {
    const { app, client } = await boot();
    client.coroutineFaults = false;
    client.fault = new PayloadTooLargeError('arguments of a: 11 bytes, 10 are allowed');
    const answer = await app.inject({ ...submit, payload: { coroutine: 'a' } });
    expect(problemOf(answer, 413, 'payload-too-large').detail).toBe('arguments of a: 11 bytes, 10 are allowed');
  });
});

describe('X-Request-Id', () => {
  test.each(['abc-123', 'A.b_c~d', 'x'.repeat(128)])('%s is taken over', async (id) => {
    const { app } = await boot();
    const headers = { 'x-request-id': id };
    expect((await app.inject({ url: '/v1/tasks', headers })).headers['x-request-id']).toBe(id);
    expect((await app.inject({ url: '/v1/nothing', headers })).json()).toMatchObject({ instance: id });
  });

  test.each(['', 'a b', '../x', '<script>', 'x'.repeat(129), 'a"b'])('%j is replaced', async (id) => {
    const { app } = await boot();
    const answer = await app.inject({ url: '/v1/tasks', headers: { 'x-request-id': id } });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('answers carry the security headers, and are not cached', async () => {
  const { app } = await boot();
  for (const url of ['/v1/tasks', '/v1/nothing', '/docs']) {
    const { headers } = await app.inject(url);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    });
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  }
});
