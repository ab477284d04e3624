import { StoreUnavailableError } from '@corral/scheduler';
import { describe, expect, test } from 'vitest';
import { type Booted, boot, problemOf } from '../boot.ts';

const post = ({ app }: Booted, body: unknown, { url = '/v1/programs', headers = {} } = {}) =>
  app.inject({
    method: 'POST',
    url,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

const nested = (levels: number, inner: unknown, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: levels }).reduce(wrap, inner);
/** Three levels of JSON for each level of expressions. */
const handlers = (levels: number) =>
  nested(levels, { return: 1 }, (inner) => ({ try: { do: [] }, except: [{ type: '*', do: inner }] }));

describe('POST /v1/programs', () => {
  test('submits the coroutine `program`, and answers 202 with the view and its location', async () => {
    const api = await boot();
    const program = { gather: [{ sleep: 100, result: 1 }, { return: { sleep: -1 } }] };
    const answer = await post(api, { program });
    const [task] = api.client.tasks.values();
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual(task);
    expect(answer.headers.location).toBe(`/v1/tasks/${task?.id}`);
    expect(api.client.submitted).toEqual([['program', { program }, {}]]);
  });

  test('hands on keys that JavaScript finds special as they came', async () => {
    const api = await boot();
    const program = '{"let":"__proto__","be":{"return":{"__proto__":1,"then":2}},"in":{"var":"constructor"}}';
    expect((await post(api, `{"program":${program}}`)).statusCode).toBe(202);
    expect(JSON.stringify(api.client.submitted[0]?.[1])).toBe(`{"program":${program}}`);
  });

  test('takes programs as deep and as large as it says', async () => {
    const api = await boot();
    expect((await post(api, { program: handlers(98) })).statusCode).toBe(202);
    expect((await post(api, { program: { gather: new Array(3000).fill({ return: 1 }) } })).statusCode).toBe(202);
  });

  test.each([
    ['no program', {}, '#/program', 'is required'],
    ['an unknown field', { program: { return: 1 }, options: {} }, '#/options', 'is not known here'],
    ['a list', [], '#', 'Invalid input: expected object, received array'],
  ])('refuses a body with %s', async (_, body, pointer, detail) => {
    const api = await boot();
    const problem = problemOf(await post(api, body), 400, 'invalid-request');
    expect(problem.errors).toEqual([{ pointer, detail }]);
    expect(api.client.submitted).toEqual([]);
  });

  test.each([
    [{ slep: 5 }, '#/program', 'unknown key "slep"; did you mean "sleep"?'],
    [
      { do: [{ return: 1 }, { sleep: -1 }] },
      '#/program/do/1',
      'sleep: must be a number of milliseconds, 0 or more, not -1',
    ],
    [{ call: 'program', args: { program: null } }, '#/program/args/program', /^an expression is an object, not null/],
    [null, '#/program', /^an expression is an object, not null/],
    [
      handlers(100),
      `#/program${'/except/0/do'.repeat(99)}/try`,
      'there are more than 100 expressions within one another',
    ],
  ])('says where a program is wrong, and runs nothing of it: %j', async (program, pointer, detail) => {
    const api = await boot();
    const problem = problemOf(await post(api, { program }), 400, 'invalid-program');
    expect(problem.errors?.[0]).toEqual({
      pointer,
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
    });
    expect(api.client.submitted).toEqual([]);
  });

  test('names at most 20 faults', async () => {
    const api = await boot();
    const problem = problemOf(await post(api, { program: { do: new Array(500).fill(1) } }), 400, 'invalid-program');
    expect(problem.errors).toHaveLength(20);
  });

  test('a hostile depth is refused like any other fault', async () => {
    const api = await boot();
    const deep = (open: string, close: string) => `{"program":${open.repeat(6000)}0${close.repeat(6000)}}`;
    for (const body of [deep('{"do":[', ']}'), deep('[', ']')])
      problemOf(await post(api, body), 400, 'invalid-program');
    const literal = `{"program":{"return":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`;
    problemOf(await post(api, literal), 400, 'invalid-program');
  });

  test('an idempotency key makes it repeatable', async () => {
    const api = await boot();
    const headers = { 'idempotency-key': 'k' };
    const first = await post(api, { program: { return: 1 } }, { headers });
    const again = await post(api, { program: { return: 1 } }, { headers });
    expect(again.json()).toEqual(first.json());
    expect(again.headers['idempotency-replayed']).toBe('true');
    problemOf(await post(api, { program: { return: 2 } }, { headers }), 422, 'idempotency-conflict');
    const bad = await post(api, { program: { return: 1 } }, { headers: { 'idempotency-key': 'two words' } });
    expect(problemOf(bad, 400, 'invalid-request').errors).toMatchObject([{ header: 'Idempotency-Key' }]);
  });

  test('waitMs waits for the end', async () => {
    const api = await boot();
    const url = '/v1/programs?waitMs=5000';
    const answer = post(api, { program: { return: null } }, { url });
    await expect.poll(() => api.client.waiting).toBe(1);
    const [id = ''] = api.client.tasks.keys();
    api.client.settle(id, { state: 'succeeded', result: null });
    expect((await answer).statusCode).toBe(200);
    expect((await answer).json()).toMatchObject({ id, state: 'succeeded', result: null });
    const tooLong = await post(api, { program: { return: null } }, { url: '/v1/programs?waitMs=60001' });
    expect(problemOf(tooLong, 400, 'invalid-request').errors).toMatchObject([{ parameter: 'waitMs' }]);
    expect(api.client.tasks.size).toBe(1);
  });

  test('the store being away is told as everywhere', async () => {
    const api = await boot();
    api.client.fault = new StoreUnavailableError('away');
    problemOf(await post(api, { program: { return: 1 } }), 503, 'store-unavailable');
  });
});

describe('POST /v1/tasks is no other door', () => {
  const url = '/v1/tasks';

  test('the coroutine `program` takes the same programs', async () => {
    const api = await boot();
    const args = { program: handlers(98) };
    expect((await post(api, { coroutine: 'program', args, options: { name: 'n' } }, { url })).statusCode).toBe(202);
    expect(api.client.submitted).toEqual([['program', args, { name: 'n' }]]);
  });

  test('and refuses the same', async () => {
    const api = await boot();
    const args = { program: { do: [{ slep: 1 }] } };
    const problem = problemOf(await post(api, { coroutine: 'program', args }, { url }), 400, 'invalid-program');
    expect(problem.errors).toEqual([
      { pointer: '#/args/program/do/0', detail: 'unknown key "slep"; did you mean "sleep"?' },
    ]);
    expect(api.client.submitted).toEqual([]);
  });

  test.each([
    [undefined, [{ pointer: '#/args/program', detail: 'is required' }]],
    [
      { porgram: 1 },
      [
        { pointer: '#/args/program', detail: 'is required' },
        { pointer: '#/args/porgram', detail: 'is not known here' },
      ],
    ],
    [{ program: { return: 1 }, 'a/b': 1 }, [{ pointer: '#/args/a~1b', detail: 'is not known here' }]],
  ])('its arguments are one program and nothing else: %j', async (args, errors) => {
    const api = await boot();
    const problem = problemOf(await post(api, { coroutine: 'program', args }, { url }), 400, 'invalid-arguments');
    expect(problem.errors).toEqual(errors);
    expect(api.client.submitted).toEqual([]);
  });

  test('what a worker announces for `program` is not asked for', async () => {
    const api = await boot();
    api.client.announced = [{ name: 'program', argsSchema: false, versions: ['1'], workers: 1 }];
    const answer = await post(api, { coroutine: 'program', args: { program: { return: 1 } } }, { url });
    expect(answer.statusCode).toBe(202);
  });

  test('parts of programs are not to be had', async () => {
    const api = await boot();
    const answer = await post(api, { coroutine: 'program.task', args: { expression: { return: 1 } } }, { url });
    expect(problemOf(answer, 400, 'invalid-request').errors).toEqual([
      { pointer: '#/coroutine', detail: 'program.task runs parts of programs; submit the coroutine "program"' },
    ]);
    expect(api.client.submitted).toEqual([]);
    expect((await api.app.inject('/v1/tasks?coroutine=program.task')).statusCode).toBe(200);
  });
});

test('GET /v1/programs/schema', async () => {
  const { app } = await boot();
  const answer = await app.inject('/v1/programs/schema');
  expect(answer.headers['content-type']).toBe('application/schema+json');
  expect(answer.json()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Program' });
  problemOf(await app.inject('/v1/programs/schema?draft=7'), 400, 'invalid-request');
  problemOf(await app.inject('/v1/programs'), 405, 'method-not-allowed');
});
