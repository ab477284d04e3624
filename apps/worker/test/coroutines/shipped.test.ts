import { memoryCluster } from '@corral/scheduler/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { shippedCoroutines } from '../../src/coroutines/index.ts';

const shipped = shippedCoroutines({ fetchAllow: [] });

async function run(name: string, args: unknown) {
  const cluster = await memoryCluster({ coroutines: shipped });
  onTestFinished(() => cluster.close());
  const { id } = await cluster.client.submit(name, args);
  return { view: await cluster.client.wait(id, 100_000), logs: await cluster.client.logs(id), cluster };
}

it('the list', () => {
  expect(shipped.map(({ coroutineName }) => coroutineName)).toEqual([
    ...['sleep', 'echo', 'foo', 'bar', 'main', 'httpFetch'],
    ...['siteAudit', 'siteAudit.section', 'siteAudit.page', 'siteAudit.link'],
  ]);
});

it('a network that is none is told at once', () => {
  expect(() => shippedCoroutines({ fetchAllow: ['10.0.0.0'] })).toThrow('"10.0.0.0" is no network');
});

it.each(shipped.map((fn) => [fn.coroutineName, fn] as const))(
  '%s has a description and a strict schema',
  (name, fn) => {
    expect(fn.options.description).toMatch(/\.$/);
    const schema = z.toJSONSchema(fn.options.args as z.ZodType, { io: 'input' });
    if (name !== 'echo') expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  },
);

it.each([{ value: { a: [1, null, 'x'] } }, { value: [] }, { value: 'text' }, { value: null }])(
  'echo answers $value',
  async ({ value }) => {
    expect((await run('echo', value)).view).toMatchObject({ state: 'succeeded', result: value });
  },
);

describe('sleep', () => {
  it('answers its result, null by default, when the time is over', async () => {
    const { view } = await run('sleep', { ms: 86_400, result: { a: 1 } });
    expect(view).toMatchObject({ state: 'succeeded', result: { a: 1 } });
    const ms = Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '');
    expect(ms).toBeGreaterThanOrEqual(86_400);
    expect((await run('sleep', { ms: 0 })).view?.result).toBe(null);
  });

  it.each([{}, { ms: -1 }, { ms: '5' }, { ms: 1, extra: true }])('refuses %j', async (args) => {
    expect((await run('sleep', args)).view).toMatchObject({
      state: 'failed',
      error: { type: 'InvalidArgumentsError' },
    });
  });
});

it('main runs foo and bar at the same time; bar, which sleeps less, is back first', async () => {
  const { view, logs } = await run('main', {});
  expect(view?.result).toEqual({ task: 'foo is done', gathered: ['foo is done', 'bar is done'] });
  const ms = Date.parse(view?.finishedAt ?? '') - Date.parse(view?.startedAt ?? '');
  expect(ms).toBeLessThan(150);
  const foo = ['foo: running', 'foo: running again after the switch'];
  expect(logs?.map(({ entries }) => entries)).toEqual([foo, foo, ['bar: running', 'bar: back from the switch']]);
});
