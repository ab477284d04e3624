/** The loop as users meet it, on a cluster of two workers in memory under a virtual clock. */
import { describe, expect, it } from 'vitest';
import { CancelledError, coroutine, type Loop } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

const double = coroutine('double', async (_loop, { n }: { n: number }) => n * 2);
const fail = coroutine('fail', async (_loop, { message }: { message: string }) => {
  throw Object.assign(new Error(message), { name: 'AppError' });
});
const late = coroutine(
  'late',
  async (loop, { ms, value }: { ms: number; value: number }) => await loop.sleep(ms, value),
);

/** Runs `body` as the root coroutine and gives its view. */
async function run(body: (loop: Loop) => unknown, options: { workers?: number; slots?: number } = {}) {
  const root = coroutine('root', async (loop: Loop) => await body(loop));
  const depth = coroutine('depth', async (loop, { left }: { left: number }): Promise<number> => {
    if (left === 0) return 0;
    const [below] = await loop.gather([depth({ left: left - 1 })]);
    return (below as number) + 1;
  });
  await using cluster = await memoryCluster({ coroutines: [root, double, fail, late, depth], ...options });
  return await cluster.run(root());
}

describe('createTask', () => {
  it('gives the result of a coroutine that ran elsewhere', async () => {
    expect(await run((loop) => loop.createTask(double({ n: 21 })))).toMatchObject({ state: 'succeeded', result: 42 });
  });

  it('raises the error with type, message and the stack of the other worker', async () => {
    const view = await run(async (loop) => {
      try {
        await loop.createTask(fail({ message: 'no' }));
      } catch (error) {
        return error instanceof Error ? [error.name, error.message, error.stack?.includes('loop.test.ts')] : 'no error';
      }
      return 'not raised';
    });
    expect(view.result).toEqual(['AppError', 'no', true]);
  });

  it('runs tasks side by side', async () => {
    const view = await run(async (loop) => {
      const a = loop.createTask(late({ ms: 1000, value: 1 }));
      const b = loop.createTask(late({ ms: 1000, value: 2 }));
      return [await a, await b];
    });
    expect(view.result).toEqual([1, 2]);
    expect(Date.parse(view.finishedAt ?? '') - Date.parse(view.createdAt)).toBeLessThan(1500);
  });
});

describe('gather', () => {
  it('G1 keeps the order of the arguments', async () => {
    const view = await run((loop) => loop.gather([3, 1, 2].map((n) => late({ ms: n * 100, value: n }))));
    expect(view.result).toEqual([3, 1, 2]);
    expect(view.children).toMatchObject({ total: 3, succeeded: 3 });
  });

  it('of nothing is an empty list', async () => {
    expect((await run((loop) => loop.gather([]))).result).toEqual([]);
  });

  it('G2 raises the first error in time', async () => {
    const view = await run((loop) => loop.gather([late({ ms: 50, value: 1 }), fail({ message: 'first' })]));
    expect(view).toMatchObject({ state: 'failed', error: { type: 'AppError', message: 'first' } });
  });

  it('with returnExceptions puts errors in their places', async () => {
    const view = await run((loop) =>
      loop.gather([double({ n: 1 }), fail({ message: 'x' })], { returnExceptions: true }),
    );
    expect(view.result).toMatchObject([2, { error: { type: 'AppError', message: 'x' } }]);
  });

  it('with a limit runs no more at once', async () => {
    const view = await run((loop) =>
      loop.gather(
        Array.from({ length: 6 }, (_, n) => late({ ms: 100, value: n })),
        { limit: 2 },
      ),
    );
    expect(view.result).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Date.parse(view.finishedAt ?? '') - Date.parse(view.createdAt)).toBeGreaterThanOrEqual(300);
  });

  it('takes tasks and coroutine objects, and the same one twice', async () => {
    const view = await run((loop) => {
      const task = loop.createTask(double({ n: 1 }));
      const same = double({ n: 5 });
      return loop.gather([task, same, task, same]);
    });
    expect(view.result).toEqual([2, 10, 2, 10]);
  });

  it('refuses what is neither, by its place', async () => {
    const members = [double({ n: 1 })];
    members[2] = double({ n: 2 });
    const view = await run((loop) => loop.gather(members));
    expect(view.error?.message).toMatch(/^gather: member 1 is neither a coroutine object nor a task/);
  });

  it('runs the same objects again in another gather', async () => {
    const view = await run(async (loop) => {
      const members = [double({ n: 1 }), double({ n: 2 })];
      return [await loop.gather(members), await loop.gather(members, { limit: 1 })];
    });
    expect(view.result).toEqual([
      [2, 4],
      [2, 4],
    ]);
  });

  it('sends the arguments as they were at the call, however many they are', async () => {
    const view = await run(async (loop) => {
      const args = Array.from({ length: 6000 }, (_, n) => ({ n }));
      const answers = loop.gather(args.map((each) => double(each)));
      for (const each of args) each.n = -1;
      await loop.sleep(1); // others go out meanwhile
      for (const each of args) each.n = -2;
      return await answers;
    });
    expect((view.result as number[]).every((value, n) => value === 2 * n)).toBe(true);
  });

  it('of 3,000 over two workers gives all results', async () => {
    const view = await run((loop) => loop.gather(Array.from({ length: 3000 }, (_, n) => double({ n }))));
    expect((view.result as number[]).every((value, n) => value === 2 * n)).toBe(true);
  });
});

describe('a suspended coroutine', () => {
  it('holds no slot: recursion 50 deep ends on one worker with one slot', async () => {
    const depth = coroutine('depth', async (loop, { left }: { left: number }): Promise<number> => {
      if (left === 0) return 0;
      const [below] = await loop.gather([depth({ left: left - 1 })]);
      return (below as number) + 1;
    });
    await using cluster = await memoryCluster({ coroutines: [depth], workers: 1, slots: 1 });
    expect((await cluster.run(depth({ left: 50 }))).result).toBe(50);
  });
});

describe('step', () => {
  it('records the result of a side effect, and its error', async () => {
    const view = await run(async (loop) => {
      const value = await loop.step('ok', () => 7);
      const error = await loop.step('no', () => Promise.reject(new TypeError('bad'))).then(String, String);
      return [value, error];
    });
    expect(view.result).toEqual([7, 'TypeError: bad']);
  });
});

describe('cancel', () => {
  it('raises CancelledError at the await, cleans up, and ends as cancelled', async () => {
    const view = await run(async (loop) => {
      const task = loop.createTask(late({ ms: 1e6, value: 1 }));
      await loop.sleep(100);
      task.cancel('enough');
      try {
        await task;
      } catch (error) {
        return [error instanceof CancelledError, (error as Error).message, task.cancelled()];
      }
      return 'not raised';
    });
    expect(view.result).toEqual([true, 'enough', true]);
  });

  it('before its creator suspends means that the task never starts', async () => {
    const view = await run(async (loop) => {
      const task = loop.createTask(fail({ message: 'never' }));
      task.cancel();
      await loop.sleep(10);
      return task.cancelled();
    });
    expect(view.result).toBe(true);
  });
});
