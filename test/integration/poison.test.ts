/** Coroutines that harm the process that runs them, on real workers. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { addWorker, connection } from './fleet.ts';

describe('a coroutine', () => {
  it('that ends its process fails after the third one, and who ran beside it succeeds', async () => {
    const { id } = await connection.client.submit('dies', {});
    const { id: beside } = await connection.client.submit('work', { ms: 1000 });
    for (const name of ['a', 'b', 'c']) {
      const { process } = await addWorker(name);
      if (process.exitCode === null) await once(process, 'exit');
      expect(process.exitCode).toBe(3);
    }
    await addWorker('d');
    const view = await connection.client.wait(id, 25_000);
    expect(view).toMatchObject({ state: 'failed', attempt: 3, error: { type: 'WorkerCrashed' } });
    expect(await connection.client.wait(beside, 25_000)).toMatchObject({ state: 'succeeded' });
  }, 90_000);

  it.each(['promise', 'timer'])('that lets an error of a %s go fails for it, and its worker lives', async (how) => {
    const worker = await addWorker('a');
    const { id: beside } = await connection.client.submit('work', { ms: 500 });
    const { id } = await connection.client.submit('strays', { how });
    const view = await connection.client.wait(id, 20_000);
    expect(view).toMatchObject({ state: 'failed', error: { type: 'RangeError', message: `stray ${how}` } });
    expect(await connection.client.wait(beside, 20_000)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(worker.process.exitCode).toBeNull();
  });
});
