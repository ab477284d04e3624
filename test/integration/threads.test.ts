/** toThread on real worker processes: what a cancel, and the death of the worker, do to a function that computes. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addWorker, connection } from './fleet.ts';
import { endWorker } from './worker-process.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corral-threads-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'churned');
const written = (): number => statSync(file(), { throwIfNoEntry: false })?.size ?? 0;

/** The store turns as a clock that no load of the machine makes too fast. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await connection.client.workers();
}

async function untilWritten(): Promise<void> {
  const end = performance.now() + 20_000;
  while (written() === 0) {
    if (performance.now() > end) throw new Error('the function has not begun');
    await turns(1);
  }
}

describe('a cancel', () => {
  it('ends a function that computes for ever, before the task ends', async () => {
    await addWorker('w');
    const { id } = await connection.client.submit('churnOnThread', { file: file() });
    await untilWritten();
    await connection.client.cancel(id, 'enough');
    const view = await connection.client.wait(id, 20_000);
    const size = written();
    expect(view).toMatchObject({ state: 'cancelled', error: { type: 'CancelledError', message: 'enough' } });
    expect(await connection.client.logs(id)).toEqual([{ task: id, entries: ['cleaned up'] }]);
    await turns(100);
    expect(written()).toBe(size);
  });
});

describe('a worker killed with SIGKILL', () => {
  it('while the thread runs: another worker runs the function again', async () => {
    const victim = await addWorker('victim');
    const { id } = await connection.client.submit('churnUntilKilled', { file: file() });
    await untilWritten();
    await endWorker(victim, 'SIGKILL');
    const successor = await addWorker('successor');
    expect(await connection.client.wait(id, 25_000)).toMatchObject({
      ...{ state: 'succeeded', attempt: 2, result: successor.pid },
    });
  });

  it('after the result was recorded: the function does not run again', async () => {
    const victim = await addWorker('victim');
    const { id } = await connection.client.submit('threadThenNap', { ms: 3000 });
    const end = performance.now() + 20_000;
    while ((await connection.client.get(id))?.state !== 'suspended')
      if (performance.now() > end) throw new Error('it never slept');
    await endWorker(victim, 'SIGKILL');
    await addWorker('successor');
    expect(await connection.client.wait(id, 25_000)).toMatchObject({
      ...{ state: 'succeeded', attempt: 2, result: victim.pid },
    });
  });
});

describe('a worker that is stopped', () => {
  it('ends its threads, and hands the task over', async () => {
    const first = await addWorker('first', 10, { drainMs: 0 });
    const { id } = await connection.client.submit('churnOnThread', { file: file() });
    await untilWritten();
    expect(await endWorker(first, 'SIGTERM')).toBe(0);
    expect(await connection.client.get(id)).toMatchObject({ state: 'pending' });
  });
});
