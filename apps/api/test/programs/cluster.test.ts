/** Programs over REST on a real cluster, though one in memory. */
import { memoryCluster } from '@corral/scheduler/testing';
import { expect, onTestFinished, test } from 'vitest';
import { bootWith } from '../boot.ts';

async function run(program: unknown) {
  const cluster = await memoryCluster({ coroutines: [] });
  const app = await bootWith(cluster.client);
  onTestFinished(() => cluster.close());
  const answer = await app.inject({ method: 'POST', url: '/v1/programs?waitMs=5000', payload: { program } });
  expect(answer.statusCode).toBe(200);
  const logs = await app.inject(`/v1/tasks/${answer.json().id}/logs`);
  return { task: answer.json(), entries: logs.json().logs.map((log: { entries: unknown[] }) => log.entries) };
}

test('a program runs, and its tasks are tasks like any other', async () => {
  const { task, entries } = await run({ gather: [{ sleep: 10, result: 1 }, { do: [{ log: 'two' }, { return: 2 }] }] });
  expect(task).toMatchObject({ coroutine: 'program', state: 'succeeded', result: [1, 2], children: { succeeded: 2 } });
  expect(entries).toEqual([['two']]);
});

test('a program that raises has failed with this error', async () => {
  const { task } = await run({ taskGroup: [{ raise: { type: 'Boom', message: 'm' } }] });
  expect(task).toMatchObject({
    state: 'failed',
    error: { type: 'ExceptionGroup', errors: [{ type: 'Boom', message: 'm' }] },
  });
});
