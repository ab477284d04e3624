/** What is too large is told where it was made, and the rest of the task goes on. */
import { describe, expect, it } from 'vitest';
import { type Coroutine, coroutine, type Loop, PayloadTooLargeError } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

const limits = { payload: 10_000, logs: 100_000, operations: 50 };
const fits = 'x'.repeat(9_000);
const large = 'x'.repeat(10_001);
const note = 'x'.repeat(65_537);
const many = 'ü'.repeat(6_000); // 6,000 characters, 12,000 bytes

const echo = coroutine('echo', async (_loop, value: unknown) => value);
const fails = coroutine('fails', async () => {
  throw new RangeError(large);
});

/** Runs the body in a task: what it threw, and what it did after that. */
async function told(body: (loop: Loop) => unknown): Promise<unknown> {
  const root = coroutine('root', async (loop) => {
    try {
      await body(loop);
    } catch (error) {
      const { size } = error as PayloadTooLargeError;
      return { own: error instanceof PayloadTooLargeError, size, after: await loop.createTask(echo('after')) };
    }
    return 'nothing was raised';
  });
  await using cluster = await memoryCluster({ coroutines: [root, echo, fails], limits });
  return (await cluster.run(root())).result;
}

describe('PayloadTooLargeError is raised at the call', () => {
  const calls: [string, (loop: Loop) => unknown, string, number][] = [
    ['createTask', (loop) => loop.createTask(echo(large)), 'arguments of echo', 10_003],
    ['createTask, counted in bytes', (loop) => loop.createTask(echo(many)), 'arguments of echo', 12_002],
    ['gather', (loop) => loop.gather([echo(1), echo(large)]), 'arguments of echo', 10_003],
    ['log', (loop) => loop.log(note), 'log entry', 65_539],
    ['progress', (loop) => loop.progress(note), 'progress', 65_539],
    ['the name of a task', (loop) => loop.createTask(echo(1), { name: note }), 'name and context of a task', 65_548],
    ['the message of a cancel', (loop) => loop.createTask(echo(1)).cancel(note), 'message of cancel', 65_537],
  ];
  it.each(calls)('%s', async (_title, body, field, size) => {
    expect(await told(body)).toMatchObject({ own: true, size: { field, size }, after: 'after' });
  });

  it('log, when the task has logged too much', async () => {
    const talk = (loop: Loop): void => {
      for (let i = 0; i < 3; i++) loop.log('x'.repeat(40_000));
    };
    expect(await told(talk)).toMatchObject({ own: true, size: { field: 'log of the task', limit: 100_000 } });
  });

  it('at the await of a step whose result is too large', async () => {
    expect(await told((loop) => loop.step('big', () => large))).toMatchObject({ own: true, after: 'after' });
  });

  it('when arguments of many tasks would go out at once', async () => {
    const spawn = (loop: Loop): void => {
      for (let i = 0; i < 20; i++) loop.createTask(echo('x'.repeat(1_000_000)));
    };
    const root = coroutine('root', async (loop) => spawn(loop));
    await using cluster = await memoryCluster({ coroutines: [root, echo] });
    expect(await cluster.run(root())).toMatchObject({
      state: 'failed',
      error: { type: 'PayloadTooLargeError', message: expect.stringContaining('use gather') },
    });
  });
});

describe('a task fails with PayloadTooLargeError', () => {
  const run = async (call: Coroutine<unknown>, ...coroutines: (typeof echo)[]) => {
    await using cluster = await memoryCluster({ coroutines: [...coroutines, echo, fails], limits });
    return await cluster.run(call);
  };

  it('when its result is too large', async () => {
    const root = coroutine('root', async () => large);
    expect(await run(root(), root as typeof echo)).toMatchObject({
      state: 'failed',
      error: { type: 'PayloadTooLargeError', message: expect.stringContaining('10003 bytes, 10000 are allowed') },
    });
  });

  it('when its error is, whose type and beginning are kept as the cause', async () => {
    expect(await run(fails())).toMatchObject({
      state: 'failed',
      error: { type: 'PayloadTooLargeError', cause: { type: 'RangeError', message: large.slice(0, 1000) } },
    });
  });

  it('when it begins too many operations, in replay as well', async () => {
    const root = coroutine('root', async (loop: Loop) => {
      for (;;) await loop.sleep(1);
    });
    for (const alwaysReplay of [false, true]) {
      await using cluster = await memoryCluster({ coroutines: [root], limits, alwaysReplay });
      expect(await cluster.run(root())).toMatchObject({
        state: 'failed',
        error: { type: 'PayloadTooLargeError', message: expect.stringContaining('51 operations, 50 are allowed') },
      });
    }
  });
});

describe('the client', () => {
  it('refuses arguments, a name and a message that are too large, and creates nothing', async () => {
    await using cluster = await memoryCluster({ coroutines: [echo], limits });
    const { client } = cluster;
    await expect(client.submit('echo', large)).rejects.toThrow(PayloadTooLargeError);
    await expect(client.submit('echo', 1, { name: note })).rejects.toThrow(PayloadTooLargeError);
    expect(cluster.store.kept()).toEqual([]);
    const { id } = await client.submit('echo', fits);
    await expect(client.cancel(id, note)).rejects.toThrow(PayloadTooLargeError);
    expect(await client.wait(id, 1000)).toMatchObject({ state: 'succeeded', result: fits });
  });
});

describe('large values within the limit', () => {
  it('of a gather arrive whole and in order', async () => {
    const value = (n: number): string => String(n).repeat(900_000);
    const root = coroutine('root', async (loop: Loop) => {
      const got = await loop.gather(Array.from({ length: 9 }, (_, n) => echo(value(n))));
      return got.every((each, n) => each === value(n));
    });
    await using cluster = await memoryCluster({ coroutines: [root, echo] });
    expect(await cluster.run(root())).toMatchObject({ state: 'succeeded', result: true });
  });
});
