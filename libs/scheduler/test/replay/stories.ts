/** One coroutine for each feature of the loop. Their recorded histories (test/histories) are replayed for ever. */
import { coroutine, type Loop, type Task } from '../../src/index.ts';

export const nap = coroutine('nap', async (loop, { ms, value }: { ms: number; value?: unknown }) =>
  loop.sleep(ms, value),
);
export const fails = coroutine('fails', async (loop, { ms }: { ms: number }) => {
  await loop.sleep(ms);
  throw new RangeError(`after ${ms}`);
});

export const stories = [
  coroutine('gathers', async (loop: Loop) => {
    const values = await loop.gather([nap({ ms: 30, value: 1 }), nap({ ms: 10, value: 2 })]);
    const mixed = await loop.gather([fails({ ms: 5 }), nap({ ms: 1, value: 3 })], { returnExceptions: true });
    return [values, mixed.map(String)];
  }),
  coroutine('createsTasks', async (loop: Loop) => {
    const [slow, quick] = [
      loop.createTask(nap({ ms: 20, value: 'slow' })),
      loop.createTask(nap({ ms: 1, value: 'quick' })),
    ];
    return [await quick, await slow];
  }),
  coroutine('waits', async (loop: Loop) => {
    const tasks = [nap({ ms: 10 }), nap({ ms: 1000 })].map((each) => loop.createTask(each));
    const { done, pending } = await loop.wait(tasks, { timeout: 100 });
    for (const task of pending) task.cancel('enough');
    return [done.length, pending.length];
  }),
  coroutine('timesOut', async (loop: Loop) => {
    const late = loop.waitFor(nap({ ms: 1000 }), 10).catch((error: Error) => error.name);
    return [await late, await loop.timeout(50, () => loop.sleep(5, 'in time'))];
  }),
  coroutine('shields', async (loop: Loop) => {
    const inner = loop.createTask(nap({ ms: 30, value: 7 }));
    const outer = loop.timeout(10, () => loop.shield(inner)).catch((error: Error) => error.name);
    return [await outer, await inner];
  }),
  coroutine('asCompleteds', async (loop: Loop) => {
    const order: unknown[] = [];
    const tasks = [30, 10, 20].map((ms) => nap({ ms, value: ms }));
    for await (const task of loop.asCompleted<unknown>(tasks)) order.push((task as Task<unknown>).result());
    return order;
  }),
  coroutine('maps', async (loop: Loop) => {
    const given: unknown[] = [];
    const sleepers = [30, 10, 20, 1000, 1000];
    for await (const value of loop.map(sleepers, (ms) => nap({ ms, value: ms }), { limit: 3, ordered: false })) {
      given.push(value);
      if (given.length === 3) break;
    }
    return given;
  }),
  coroutine('groups', async (loop: Loop) => {
    try {
      await loop.taskGroup((group) => {
        group.createTask(nap({ ms: 1000 }));
        group.createTask(fails({ ms: 5 }));
      });
    } catch (error) {
      return (error as Error).name;
    }
    return 'no error';
  }),
  coroutine('steps', async (loop: Loop) => {
    const made = await loop.step('make', () => ({ n: 41 }));
    try {
      await loop.step('break', () => Promise.reject(new TypeError('no')));
    } catch (error) {
      return [made.n + 1, (error as Error).name];
    }
    return 'no error';
  }),
  coroutine('records', async (loop: Loop) => {
    const values = [loop.now(), loop.random(), loop.uuid()];
    await loop.sleep(1);
    return [...values, loop.now()];
  }),
  coroutine('branches', async (loop: Loop) => {
    const order: string[] = [];
    const branch = async (name: string, ms: number): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await loop.sleep(ms);
        order.push(`${name}${round}`);
      }
    };
    await Promise.all([branch('a', 10), branch('b', 15)]);
    return order;
  }),
  coroutine('cleansUp', async (loop: Loop) => {
    loop.context.set('who', 'cleaner');
    try {
      await loop.sleep(3_600_000);
    } finally {
      loop.log('cleaning');
      await loop.createTask(nap({ ms: 5 }), { name: 'last' });
    }
  }),
] as const;
