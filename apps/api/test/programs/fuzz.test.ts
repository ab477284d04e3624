/** Whatever is sent as a program: no 5xx, and what is accepted arrives unchanged. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boot, problemOf } from '../boot.ts';

const words = [
  'do',
  'gather',
  'try',
  'except',
  'finally',
  'type',
  'return',
  'sleep',
  'timeout',
  'body',
  'call',
  'args',
];
const key = fc.oneof(fc.constantFrom(...words, 'program', 'as', 'await'), fc.string(), fc.constant('__proto__'));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('*', 'program'),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
}));
const leaf = fc.oneof(
  fc.record({ return: fc.jsonValue() }),
  fc.record({ sleep: fc.nat() }),
  fc.record({ await: fc.constantFrom('T', 'then', '__proto__') }),
);
const { expression } = fc.letrec((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.record({ gather: fc.array(tie('expression'), { maxLength: 3 }) }),
    fc.record({ try: tie('expression'), finally: tie('expression') }),
    { weight: 1, arbitrary: value },
  ),
}));

test('bodies of a program, by both doors', async () => {
  const api = await boot();
  const seen = { accepted: 0, refused: 0 };
  const body = fc.oneof(
    fc.record({ program: expression }).map((args) => ({ url: '/v1/programs', body: args })),
    fc.record({ program: expression }).map((args) => ({ url: '/v1/tasks', body: { coroutine: 'program', args } })),
    value.map((args) => ({ url: '/v1/tasks', body: { coroutine: 'program', args } })),
    value.map((body) => ({ url: '/v1/programs', body })),
  );
  await fc.assert(
    fc.asyncProperty(body, async ({ url, body }) => {
      const payload = JSON.stringify(body);
      const before = api.client.submitted.length;
      const headers = { 'content-type': 'application/json' };
      const answer = await api.app.inject({ method: 'POST', url, headers, payload });
      if (answer.statusCode === 202) {
        const sent = JSON.parse(payload);
        const [coroutine, args] = api.client.submitted.at(-1) ?? [];
        expect(coroutine).toBe('program');
        expect(JSON.stringify(args)).toBe(JSON.stringify(url === '/v1/tasks' ? sent.args : sent));
        seen.accepted++;
      } else {
        const type = answer.json().type.replace('/problems/', '');
        expect(['invalid-request', 'invalid-arguments', 'invalid-program']).toContain(type);
        expect(problemOf(answer, 400, type).errors).not.toEqual([]);
        expect(api.client.submitted.length).toBe(before);
        seen.refused++;
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(20);
});
