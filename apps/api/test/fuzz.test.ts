/** Whatever is sent: no 5xx, errors are problems, and what is accepted arrives unchanged. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boot, problemOf } from './boot.ts';
import { rootId } from './fake-client.ts';

const json = { 'content-type': 'application/json' };
const special = fc.constantFrom('__proto__', 'constructor', 'prototype', 'then', 'toJSON', 'hasOwnProperty', '\ud800');
const key = fc.oneof({ weight: 3, arbitrary: fc.string() }, special);
const { value: anyJson } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc
    .array(fc.tuple(key, tie('value')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries) as Record<string, unknown>),
}));
const object = fc.dictionary(key, anyJson, { maxKeys: 5 });

/** Almost a submission: now and then a field is something else, or one too many. */
const submission = fc.record(
  {
    coroutine: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('main', 'strict', 'then', '__proto__') }, anyJson),
    args: fc.oneof({ weight: 3, arbitrary: object }, anyJson),
    options: fc.oneof(fc.record({ name: anyJson, priority: anyJson }, { requiredKeys: [] }), anyJson),
  },
  { requiredKeys: [] },
);

const argsSchema = {
  type: 'object',
  properties: { constructor: { type: 'string' }, xs: { type: 'array', items: { $ref: '#' } } },
  additionalProperties: { type: ['number', 'string', 'object', 'null'] },
};

test('bodies of a submit', async () => {
  const api = await boot();
  api.client.announced = [{ name: 'strict', argsSchema, versions: ['1'], workers: 1 }];
  await fc.assert(
    fc.asyncProperty(fc.oneof(submission, anyJson), async (body) => {
      const payload = JSON.stringify(body);
      const before = api.client.submitted.length;
      const answer = await api.app.inject({ method: 'POST', url: '/v1/tasks', headers: json, payload });
      if (answer.statusCode === 202) {
        const [coroutine, args] = api.client.submitted.at(-1) ?? [];
        const sent = JSON.parse(payload);
        expect(coroutine).toBe(sent.coroutine);
        expect(JSON.stringify(args)).toBe(JSON.stringify(sent.args ?? {}));
      } else {
        const { type } = answer.json();
        problemOf(answer, 400, type === '/problems/invalid-arguments' ? 'invalid-arguments' : 'invalid-request');
        expect(answer.json().errors.length).toBeGreaterThan(0);
        expect(api.client.submitted.length).toBe(before);
      }
    }),
    { numRuns: 200 },
  );
});

test('bodies of a batch: all of it or nothing', async () => {
  const api = await boot();
  api.client.announced = [{ name: 'strict', argsSchema, versions: ['1'], workers: 1 }];
  const tasks = fc.oneof({ weight: 3, arbitrary: fc.array(submission, { maxLength: 4 }) }, anyJson);
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 3, arbitrary: fc.record({ tasks }) }, anyJson), async (body) => {
      const payload = JSON.stringify(body);
      const before = api.client.submitted.length;
      const answer = await api.app.inject({ method: 'POST', url: '/v1/tasks/batch', headers: json, payload });
      if (answer.statusCode === 202) {
        const sent = JSON.parse(payload).tasks as { coroutine: string; args?: object }[];
        const taken = api.client.submitted.slice(before).map(([coroutine, args]) => [coroutine, args]);
        expect(JSON.stringify(taken)).toBe(JSON.stringify(sent.map(({ coroutine, args = {} }) => [coroutine, args])));
        expect(answer.json().items).toHaveLength(sent.length);
      } else {
        const { type } = answer.json();
        problemOf(answer, 400, type === '/problems/invalid-arguments' ? 'invalid-arguments' : 'invalid-request');
        expect(answer.json().errors.length).toBeGreaterThan(0);
        expect(api.client.submitted.length).toBe(before);
      }
    }),
    { numRuns: 200 },
  );
});

test('bytes', async () => {
  const { app } = await boot();
  const text = fc.oneof(
    fc.uint8Array().map(Buffer.from),
    fc.string({ unit: 'binary' }).map((s) => Buffer.from(s)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (payload) => {
      const answer = await app.inject({ method: 'POST', url: '/v1/tasks', headers: json, payload });
      expect(answer.statusCode).toBe(400);
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }),
    { numRuns: 100 },
  );
});

test('paths, queries and headers', async () => {
  const { app, client } = await boot();
  client.add();
  const path = fc.oneof(
    fc.constantFrom(
      '/v1/tasks',
      '/v1/tasks/batch',
      `/v1/tasks/${rootId(1)}`,
      `/v1/tasks/${rootId(1)}/tree`,
      '/v1/workers',
    ),
    fc.webPath().map((path) => `/${path}`),
    fc.string().map((text) => `/v1/tasks/${encodeURIComponent(text.toWellFormed())}`),
  );
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH' as const);
  const query = fc.dictionary(fc.oneof(special, fc.constantFrom('limit', 'cursor', 'state')), fc.string(), {
    maxKeys: 2,
  });
  const header = fc.string({ unit: 'grapheme-ascii' });
  await fc.assert(
    fc.asyncProperty(method, path, query, header, header, async (method, url, query, key, id) => {
      const headers = { 'idempotency-key': key, 'x-request-id': id };
      const answer = await app.inject({ method, url, query, headers });
      expect(answer.statusCode).toBeLessThan(500);
      if (answer.statusCode >= 400) expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(String(answer.headers['x-request-id']).length).toBeGreaterThan(0);
    }),
    { numRuns: 200 },
  );
});
