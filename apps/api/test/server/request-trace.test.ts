/** What becomes of the trace context of a request. */
import { describe, expect, it } from 'vitest';
import { boot } from '../boot.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const tracestate = 'vendor=1';

const submit = { method: 'POST', url: '/v1/tasks', payload: { coroutine: 'main' } } as const;
const program = { method: 'POST', url: '/v1/programs', payload: { program: { return: 1 } } } as const;

describe('a submit', () => {
  it('of a task hands its trace context to the task', async () => {
    const api = await boot();
    await api.app.inject({ ...submit, headers: { traceparent, tracestate } });
    expect(api.client.submitted[0]?.[2]?.trace).toEqual({ traceparent, tracestate });
  });

  it('of a program does, too', async () => {
    const api = await boot();
    const answer = await api.app.inject({ ...program, headers: { traceparent } });
    expect(answer.statusCode).toBe(202);
    expect(api.client.submitted[0]?.[2]?.trace).toEqual({ traceparent });
  });

  it.each([
    ['absent', {}],
    ['malformed', { traceparent: 'nonsense', tracestate }],
  ])('hands on nothing that is %s', async (_, headers) => {
    const api = await boot();
    expect((await api.app.inject({ ...submit, headers })).statusCode).toBe(202);
    expect(api.client.submitted[0]?.[2]?.trace).toBeUndefined();
  });
});

it('lines of the log about a request have the id of its trace', async () => {
  const api = await boot();
  await api.app.inject({ ...submit, headers: { traceparent } });
  expect(api.logged.filter(({ msg }) => msg === 'answered')).toEqual([expect.objectContaining({ trace_id: traceId })]);
});

it('a task tells the trace that it belongs to', async () => {
  const api = await boot();
  const { id } = api.client.add({ traceId });
  expect((await api.app.inject(`/v1/tasks/${id}`)).json()).toMatchObject({ traceId });
});
