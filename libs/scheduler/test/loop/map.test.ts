/** loop.map as a coroutine sees it, live and with replay at every suspension. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  type AnyCoroutineFunction,
  CancelledError,
  type Coroutine,
  coroutine,
  type Finding,
  type Loop,
  type MapOptions,
  type RecordedHistory,
  type TaskView,
  type Worker,
} from '../../src/index.ts';
import { memoryCluster, replayHistory } from '../../src/testing/index.ts';

interface Nap {
  ms: number;
  fails?: boolean;
}

/** Gives how long it slept. Cleans up for 10 ms. */
const nap = coroutine('nap', async (loop, { ms, fails = false }: Nap) => {
  try {
    await loop.sleep(ms);
  } finally {
    await loop.sleep(10);
  }
  if (fails) throw new RangeError(`after ${ms}`);
  return ms;
});

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

const napFor = (ms: number): Coroutine<number> => nap({ ms });
const tookMs = ({ createdAt, finishedAt }: TaskView): number => Date.parse(finishedAt ?? '') - Date.parse(createdAt);

for (const alwaysReplay of [false, true]) {
  const clusterOf = (root: AnyCoroutineFunction) => memoryCluster({ coroutines: [root, nap], alwaysReplay });
  const run = async (body: (loop: Loop) => unknown): Promise<TaskView> => {
    const root = coroutine('root', async (loop: Loop) => await body(loop));
    await using cluster = await clusterOf(root);
    return await cluster.run(root());
  };

  describe(`map${alwaysReplay ? ', with replay at every suspension' : ''}`, () => {
    it.each([
      ['in the order of the items', {}, [300, 100, 200, 50, 10]],
      ['in the order of the items, one at a time', { limit: 1 }, [300, 100, 200, 50, 10]],
      ['in the order of the ends', { ordered: false }, [10, 50, 100, 200, 300]],
      ['in the order of the ends, in a window', { ordered: false, limit: 2 }, [100, 300, 200, 10, 50]],
    ])('gives results %s', async (_title, options, expected) => {
      const view = await run((loop) => collect(loop.map([300, 100, 200, 50, 10], napFor, options)));
      expect(view.result).toEqual(expected);
    });

    it('takes a coroutine function as it is, and items that come from tasks of their own', async () => {
      const view = await run((loop) => {
        async function* items(): AsyncGenerator<Nap> {
          for (let ms = 1; ms <= 3; ms++) yield { ms: await loop.createTask(nap({ ms })) };
        }
        return collect(loop.map(items(), nap));
      });
      expect(view).toMatchObject({ result: [1, 2, 3], children: { total: 6 } });
    });

    it('of nothing is nothing', async () => {
      expect((await run((loop) => collect(loop.map([], nap)))).result).toEqual([]);
    });

    it.each([true, false])('reads no further than the limit, ordered: %s', async (ordered) => {
      const view = await run(async (loop) => {
        let [read, given, most] = [0, 0, 0];
        function* items(): Generator<number> {
          for (let n = 0; n < 20; n++) {
            read += 1;
            most = Math.max(most, read - given);
            yield 10 + ((n * 7) % 5);
          }
        }
        for await (const _ of loop.map(items(), napFor, { limit: 3, ordered })) {
          await loop.sleep(50);
          given += 1;
        }
        return { read, given, most };
      });
      expect(view.result).toEqual({ read: 20, given: 20, most: 3 });
    });

    it('keeps the window full while nobody is slow', async () => {
      const view = await run((loop) => collect(loop.map(Array<number>(30).fill(90), napFor, { limit: 10 })));
      expect(tookMs(view)).toBeGreaterThanOrEqual(300);
      expect(tookMs(view)).toBeLessThan(400);
    });

    it('throws the first error at its place, when what was begun has ended', async () => {
      const view = await run(async (loop) => {
        const items = [{ ms: 100 }, { ms: 5, fails: true }, { ms: 1e6 }, { ms: 1e6 }, { ms: 1 }];
        const given: number[] = [];
        try {
          for await (const ms of loop.map(items, nap, { limit: 4 })) given.push(ms);
        } catch (error) {
          return [given, (error as Error).message, loop.allTasks().length];
        }
        return 'nothing was raised';
      });
      expect(view.result).toEqual([[100], 'after 5', 0]);
      expect(view.children).toMatchObject({ total: 5, succeeded: 1, failed: 1, cancelled: 3 });
    });

    it.each(['break', 'throw'])(
      'left by %s, cancels what is in flight, waits for it and closes the source',
      async (how) => {
        const view = await run(async (loop) => {
          const told: unknown[] = [];
          function* items(): Generator<number> {
            try {
              for (let ms = 1; ; ms *= 1e6) yield ms;
            } finally {
              told.push('closed');
            }
          }
          try {
            for await (const ms of loop.map(items(), napFor, { limit: 2 })) {
              told.push(ms);
              if (how === 'throw') throw new RangeError('enough');
              break;
            }
          } catch (error) {
            told.push((error as Error).message);
          }
          return [...told, loop.allTasks().length];
        });
        expect(view.result).toEqual([1, 'closed', ...(how === 'throw' ? ['enough'] : []), 0]);
        expect(view.children).toMatchObject({ total: 2, succeeded: 1, cancelled: 1 });
        expect(tookMs(view)).toBeLessThan(1_000);
      },
    );

    it.each([
      ['the items', () => nap({ ms: 1e6 }), 'no more items'],
      ['the function', (n: number) => (n < 2 ? nap({ ms: 1e6 }) : refuse('not this one')), 'not this one'],
      ['no coroutine object', (n: number) => (n < 2 ? nap({ ms: 1e6 }) : (n as never)), 'no coroutine object'],
    ])('an error of %s ends it likewise', async (_title, fn, message) => {
      const view = await run(async (loop) => {
        function* items(): Generator<number> {
          yield* [1, 1, 2];
          refuse('no more items');
        }
        return await collect(loop.map(items(), fn)).catch((error: Error) => error.message);
      });
      expect(view.result).toContain(message);
      expect(view.children).toMatchObject({ running: 0, succeeded: 0 });
      expect(tookMs(view)).toBeLessThan(1_000);
    });

    it.each(['the results', 'the items', 'the body'])(
      'a cancel that finds it waiting for %s ends all',
      async (where) => {
        const root = coroutine('root', async (loop: Loop) => {
          async function* items(): AsyncGenerator<Nap> {
            yield* [{ ms: 1 }, { ms: 1e6 }];
            if (where === 'the items') await loop.sleep(1e6);
          }
          try {
            for await (const _ of loop.map(items(), nap, { limit: where === 'the body' ? 2 : 9 }))
              if (where === 'the body') await loop.sleep(1e6);
          } finally {
            loop.log(loop.allTasks().length);
          }
        });
        await using cluster = await clusterOf(root);
        const { id } = await cluster.client.submit('root', {});
        await new Promise<void>((resolve) => cluster.clock.setTimer(500, resolve));
        await cluster.client.cancel(id, 'enough');
        const view = await cluster.client.wait(id, 60_000);
        expect(view).toMatchObject({ state: 'cancelled', children: { total: 2, succeeded: 1, cancelled: 1 } });
        expect((await cluster.client.logs(id))?.[0]?.entries).toEqual([0]);
      },
    );

    it('a cancel that comes while it is being left strikes the next await', async () => {
      const root = coroutine('root', async (loop: Loop) => {
        try {
          for await (const _ of loop.map([1, 50, 50], (ms) => slowToEnd({ ms }))) refuse('of the body');
        } catch (error) {
          loop.log([(error as Error).message, loop.allTasks().length]);
        }
        try {
          await loop.sleep(1e6);
        } catch (error) {
          loop.log([error instanceof CancelledError, (error as Error).message]);
          throw error;
        }
      });
      const slowToEnd = coroutine('slowToEnd', async (loop, { ms }: { ms: number }) => {
        try {
          await loop.sleep(ms === 1 ? 1 : 1e6);
        } finally {
          await loop.sleep(ms === 1 ? 0 : 1_000);
        }
      });
      await using cluster = await memoryCluster({ coroutines: [root, slowToEnd], alwaysReplay });
      const { id } = await cluster.client.submit('root', {});
      await new Promise<void>((resolve) => cluster.clock.setTimer(500, resolve));
      await cluster.client.cancel(id, 'go');
      const view = await cluster.client.wait(id, 60_000);
      expect(view).toMatchObject({ state: 'cancelled' });
      expect((await cluster.client.logs(id))?.[0]?.entries).toEqual([
        ['of the body', 0],
        [true, 'go'],
      ]);
    });

    it('a timeout that expires while it is being left is over with the block', async () => {
      const view = await run(async (loop) => {
        await loop.timeout(15, async () => {
          for await (const _ of loop.map([1, 1e6], napFor)) break;
        });
        return [loop.currentTask().cancelling(), await loop.sleep(1, 'slept')];
      });
      expect(view.result).toEqual([0, 'slept']);
    });

    it('goes on where it was when its worker dies, as its history tells', async () => {
      const root = coroutine('root', async (loop: Loop) => {
        const order: number[] = [];
        for await (const ms of loop.map([700, 300, 500, 100, 900], napFor, { limit: 3, ordered: false })) {
          order.push(ms);
          await loop.step('kept', () => ms);
        }
        return order;
      });
      await using cluster = await clusterOf(root);
      const { id } = await cluster.client.submit('root', {});
      await new Promise<void>((resolve) => cluster.clock.setTimer(550, resolve));
      const before = await cluster.client.get(id);
      const victim = cluster.workers.find(({ id: worker }) => worker === before?.worker) as Worker;
      cluster.kill(victim);
      await cluster.addWorker();
      const view = await cluster.client.wait(id, 60_000);
      expect(view).toMatchObject({ state: 'succeeded', attempt: 2, children: { total: 5, succeeded: 5 } });
      const order = view?.result as number[];
      expect(order.slice(0, 3)).toEqual([300, 100, 500]); // as before the kill
      expect(order.slice(3).toSorted((a, b) => a - b)).toEqual([700, 900]);
      const history = (await cluster.client.history(id)) as RecordedHistory;
      expect(await replayHistory(root, history)).toMatchObject({ state: 'succeeded' });
    });

    it('does the same in replay when its items come at another pace', async () => {
      const root = coroutine('root', async (loop: Loop) => {
        async function* items(): AsyncGenerator<number> {
          for (const ms of [100, 20, 60, 40, 80, 1, 1]) {
            if (loop.currentTask().attempt === 1) await pause(70);
            yield ms;
          }
        }
        const order: number[] = [];
        for await (const ms of loop.map(items(), napFor, { limit: 4, ordered: false })) {
          order.push(ms);
          await loop.step(`kept ${ms}`, () => ms);
        }
        return order;
      });
      await using cluster = await clusterOf(root);
      const pause = (ms: number): Promise<void> => new Promise((resolve) => cluster.clock.setTimer(ms, resolve));
      const { id } = await cluster.client.submit('root', {});
      await pause(400);
      const before = await cluster.client.get(id);
      expect(before?.children).toMatchObject({ total: 5 });
      cluster.kill(cluster.workers.find(({ id: worker }) => worker === before?.worker) as Worker);
      await cluster.addWorker();
      const view = await cluster.client.wait(id, 60_000);
      expect(view).toMatchObject({ state: 'succeeded', attempt: 2, children: { total: 7, succeeded: 7 } });
      expect(view?.result).toHaveLength(7);
    });
  });
}

function refuse(message: string): never {
  throw new RangeError(message);
}

it('checks its arguments at once', async () => {
  const calls: [string, (loop: Loop) => unknown][] = [
    ['map: the items are neither an iterable nor an async iterable', (loop) => loop.map(5 as never, nap)],
    ['map: the items are neither an iterable nor an async iterable', (loop) => loop.map(null as never, nap)],
    ['map: the second argument must be a function', (loop) => loop.map([], nap({ ms: 1 }) as never)],
    ...[0, -1, 1.5, Number.NaN, null, '3'].map((limit): [string, (loop: Loop) => unknown] => [
      `map: limit must be a whole number from 1, not ${limit}`,
      (loop) => loop.map([], nap, { limit } as MapOptions),
    ]),
    ['map: ordered must be true or false, not no', (loop) => loop.map([], nap, { ordered: 'no' as never })],
  ];
  const root = coroutine('root', (loop: Loop) =>
    calls.map(([, call]) => {
      try {
        return call(loop);
      } catch (error) {
        return (error as Error).message;
      }
    }),
  );
  await using cluster = await memoryCluster({ coroutines: [root] });
  const { result } = await cluster.run(root());
  calls.forEach(([message], index) => {
    expect((result as string[])[index]).toContain(message);
  });
});

it('ends what is in flight when the task has no operations left', async () => {
  const root = coroutine('root', async (loop: Loop) => {
    const forever = (function* () {
      for (;;) yield 1;
    })();
    return await collect(loop.map(forever, napFor, { limit: 8 })).catch(
      (error: Error) => `${error.message}, ${loop.allTasks().length} left`,
    );
  });
  await using cluster = await memoryCluster({ coroutines: [root, nap], limits: { operations: 50 } });
  const view = await cluster.run(root());
  expect(view.result).toBe(
    'operations of root: 51 operations, 50 are allowed: let child tasks do parts of the work, ' +
      'or raise CORRAL_MAX_OPERATIONS, 0 left',
  );
  expect(view.children).toMatchObject({ total: 50, running: 0 });
});

it('says what to do when the arguments of a window are too much for one turn', async () => {
  const large = coroutine('large', (_loop, text: string) => text.length);
  const root = coroutine('root', async (loop: Loop) => {
    const items = Array<string>(20).fill('x'.repeat(1_000_000));
    return [
      await collect(loop.map(items, large)).catch((error: Error) => error.message),
      (await collect(loop.map(items, large, { limit: 10 }))).length,
    ];
  });
  await using cluster = await memoryCluster({ coroutines: [root, large] });
  expect((await cluster.run(root())).result).toEqual([expect.stringContaining('or give map a smaller limit'), 20]);
});

it('keeps nothing of what it has handed out', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const text = coroutine('text', (_loop, { n }: { n: number }) => ({ n }));
  const root = coroutine('root', async (loop: Loop) => {
    const seen: WeakRef<object>[] = [];
    const items = Array.from({ length: 200 }, (_, n) => ({ n }));
    for await (const value of loop.map(items, text, { limit: 10 })) seen.push(new WeakRef(value));
    await new Promise(setImmediate); // a WeakRef holds on until the current turn of the event loop is over
    collectGarbage();
    return seen.filter((each) => each.deref() !== undefined).length;
  });
  await using cluster = await memoryCluster({ coroutines: [root, text] });
  expect((await cluster.run(root())).result).toBeLessThanOrEqual(10);
});

it('forgets nothing in debug mode', async () => {
  const found: Finding[] = [];
  const root = coroutine('root', async (loop: Loop) => {
    for await (const _ of loop.map([1, 1e6, 1e6], napFor)) break;
  });
  await using cluster = await memoryCluster({
    coroutines: [root, nap],
    debug: { slowCallbackMs: 1e6 },
    instrument: { found: (finding) => found.push(finding) },
  });
  expect((await cluster.run(root())).state).toBe('succeeded');
  expect(found).toEqual([]);
});
