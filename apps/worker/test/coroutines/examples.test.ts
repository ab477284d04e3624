/** The numbered examples do what they say. */
import { readdirSync } from 'node:fs';
import { type AnyCoroutineFunction, isCoroutineFunction } from '@corral/scheduler';
import { memoryCluster } from '@corral/scheduler/testing';
import { expect, it, onTestFinished } from 'vitest';

const folder = new URL('../../../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name));

async function exported(): Promise<AnyCoroutineFunction[]> {
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  return modules.flatMap((module: object) => Object.values(module).filter((value) => isCoroutineFunction(value)));
}

async function run(name: string, args: unknown, slots = 100) {
  const cluster = await memoryCluster({ coroutines: await exported(), slots });
  onTestFinished(() => cluster.close());
  const { id } = await cluster.client.submit(name, args);
  const view = await cluster.client.wait(id, 600_000);
  expect(view?.error).toBeUndefined();
  return { result: view?.result, logs: (await cluster.client.logs(id))?.map(({ entries }) => entries) };
}

it('are all run here', () => {
  expect(files).toEqual([
    '01-hello.ts',
    '02-gather.ts',
    '03-cancel.ts',
    '04-step.ts',
    '05-recursion.ts',
    '06-to-thread.ts',
  ]);
});

it('01 hello', async () => {
  const { result, logs } = await run('helloWorld', { name: 'Ada' });
  expect(result).toBe('Hello, Ada!');
  expect(logs).toEqual([[expect.stringMatching(/^waiting for t_/)]]);
});

it('02 gather', async () => {
  const { result } = await run('squares', { upTo: 6 });
  expect(result).toEqual({ squares: [0, 1, 4, 9, 16, 25], failed: ['13 is unlucky'] });
});

it('03 cancel', async () => {
  const { result, logs } = await run('interrupted', {});
  expect(result).toBe('the cook was cancelled: dinner is burnt');
  expect(logs).toEqual([['the stove is on', 'the stove is off']]);
});

it('04 step', async () => {
  const { result } = await run('orderCoffee', { cup: 'large' });
  expect(result).toEqual({ cup: 'large', number: expect.stringMatching(/^[\da-f-]{36}$/), at: expect.any(String) });
});

it('05 recursion, with one slot a worker', async () => {
  expect((await run('fibonacci', { n: 10 }, 1)).result).toBe(55);
});

it('06 to thread', async () => {
  expect((await run('primesUpTo', { n: 10_000 })).result).toBe(1229);
});
