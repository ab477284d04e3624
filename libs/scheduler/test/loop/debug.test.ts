/** asyncio's debug mode: each finding is told once, with the coroutine, the task and the place; and nothing else is. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/contract/instrument.ts';
import type { TaskView } from '../../src/contract/task.ts';
import { type AnyCoroutineFunction, coroutine, FIRST_COMPLETED, type Loop } from '../../src/index.ts';
import { type MemoryClusterOptions, memoryCluster } from '../../src/testing/index.ts';

const fail = coroutine('fail', async (_loop, { message }: { message: string }) => {
  throw new RangeError(message);
});
const nap = coroutine('nap', async (loop, { ms }: { ms: number }) => await loop.sleep(ms, 'slept'));

/** A clock that only coroutines move: each of them says how long it held the loop. */
class Held {
  #ms = 0;
  readonly now = (): number => this.#ms;
  hold(ms: number): void {
    this.#ms += ms;
  }
}

/** Runs `body` as the root in debug mode. */
async function debug(
  body: (loop: Loop, held: Held) => unknown,
  more: AnyCoroutineFunction[] = [],
  options: Partial<MemoryClusterOptions> = {},
): Promise<{ found: Finding[]; view: TaskView }> {
  const found: Finding[] = [];
  const held = new Held();
  const root = coroutine('root', async (loop: Loop) => await body(loop, held));
  await using cluster = await memoryCluster({
    coroutines: [root, fail, nap, ...more],
    debug: { slowCallbackMs: 100, now: held.now },
    instrument: { found: (finding) => found.push(finding) },
    ...options,
  });
  const view = await cluster.run(root());
  return { found, view };
}

/** A place in this file. */
const here = expect.stringMatching(/debug\.test\.ts:\d+:\d+$/);

describe('a step that holds the loop', () => {
  it('is told with its coroutine, task, time and the call of the loop that it had reached', async () => {
    const { found, view } = await debug(async (loop, held) => {
      await loop.sleep(1);
      held.hold(153);
      await loop.sleep(1);
    });
    expect(found).toMatchObject([{ kind: 'slowStep', coroutine: 'root', id: view.id, count: 1, place: here }]);
    expect(found[0]?.message).toBe(`Executing root ${view.id} took 0.153 seconds`);
  });

  it('is seen in a coroutine that never awaits, with the place of its definition', async () => {
    const { found } = await debug((_loop, held) => held.hold(101));
    expect(found).toMatchObject([{ kind: 'slowStep', coroutine: 'root', place: here }]);
  });

  it('is seen after plain I/O, and in a side effect', async () => {
    const { found } = await debug(async (loop, held) => {
      await new Promise(setImmediate);
      held.hold(110);
      await loop.step('slow', async () => {
        held.hold(120);
        await new Promise(setImmediate);
        held.hold(130);
      });
    });
    expect(found.map(({ message }) => message.slice(-13))).toEqual(['0.110 seconds', '0.120 seconds', '0.130 seconds']);
  });

  it('is laid to the coroutine that held it, whoever goes on at the same time', async () => {
    const held: Held[] = [];
    const one = coroutine('one', async (loop, { ms }: { ms: number }) => {
      await loop.sleep(10);
      held[0]?.hold(ms);
    });
    const { found } = await debug(
      (loop, clock) => {
        held.push(clock);
        return loop.gather([one({ ms: 1 }), one({ ms: 200 }), one({ ms: 2 })]);
      },
      [one],
    );
    expect(found).toMatchObject([{ kind: 'slowStep', coroutine: 'one', id: expect.stringMatching(/\.1$/) }]);
  });

  it('up to the limit is none', async () => {
    const { found } = await debug(async (loop, held) => {
      held.hold(100);
      await loop.sleep(1);
      held.hold(100);
    });
    expect(found).toEqual([]);
  });
});

describe('an exception that is never retrieved', () => {
  it('is told when the creator has ended, with the error and the place of createTask', async () => {
    const { found, view } = await debug(async (loop) => {
      loop.createTask(fail({ message: 'nobody hears' }));
      await loop.sleep(100);
    });
    expect(found).toMatchObject([
      { kind: 'neverRetrieved', coroutine: 'root', id: view.id, count: 1, place: here, error: { name: 'RangeError' } },
    ]);
    expect(found[0]?.message).toMatch(
      /^Task exception was never retrieved: task fail t_[^ ]*: RangeError: nobody hears$/,
    );
  });

  it('is told of gathers and steps too, once for all of a task', async () => {
    const { found } = await debug(async (loop) => {
      void loop.gather([fail({ message: 'a' })]);
      void loop.step('b', () => Promise.reject(new Error('b')));
      await loop.sleep(100);
    });
    expect(found).toMatchObject([{ kind: 'neverRetrieved', count: 2 }]);
  });

  it.each<[string, (loop: Loop) => unknown]>([
    ['awaited', (loop) => loop.createTask(fail({ message: '' })).then(undefined, () => 0)],
    ['gathered', (loop) => loop.gather([loop.createTask(fail({ message: '' }))], { returnExceptions: true })],
    [
      'asked for its exception',
      async (loop) => {
        const task = loop.createTask(fail({ message: '' }));
        await loop.wait([task], { returnWhen: FIRST_COMPLETED });
        return String(task.exception());
      },
    ],
    [
      'awaited after it has failed',
      async (loop) => {
        const task = loop.createTask(fail({ message: '' }));
        await loop.sleep(100);
        return await task.then(undefined, () => 0);
      },
    ],
    [
      'of a task group',
      (loop) => loop.taskGroup((group) => void group.createTask(fail({ message: '' }))).catch(() => 0),
    ],
    [
      'cancelled',
      async (loop) => {
        const task = loop.createTask(nap({ ms: 1e6 }));
        await loop.sleep(10);
        task.cancel();
        await loop.sleep(10);
      },
    ],
  ])('%s: nothing is told', async (_name, body) => {
    expect((await debug(body)).found).toEqual([]);
  });

  it('wait alone does not retrieve it', async () => {
    const { found } = await debug(async (loop) => void (await loop.wait([loop.createTask(fail({ message: '' }))])));
    expect(found).toMatchObject([{ kind: 'neverRetrieved' }]);
  });
});

describe('a coroutine object that is never awaited', () => {
  it('is told when the coroutine that made it has ended, with the place', async () => {
    const { found, view } = await debug(async (loop) => {
      await loop.sleep(1);
      nap({ ms: 1 });
      nap({ ms: 2 });
    });
    expect(found).toMatchObject([{ kind: 'neverAwaited', coroutine: 'root', id: view.id, count: 2, place: here }]);
    expect(found[0]?.message).toBe('coroutine nap was never awaited');
  });

  it('is seen when it was made after plain I/O, or in a function that the coroutine called', async () => {
    const helper = async (): Promise<void> => {
      await new Promise(setImmediate);
      nap({ ms: 1 });
    };
    const { found } = await debug(helper);
    expect(found).toMatchObject([{ kind: 'neverAwaited', count: 1 }]);
  });

  it.each<[string, (loop: Loop) => unknown]>([
    ['createTask', (loop) => loop.createTask(nap({ ms: 1 }))],
    ['gather', (loop) => loop.gather([nap({ ms: 1 }), nap({ ms: 1 })])],
    ['waitFor', (loop) => loop.waitFor(nap({ ms: 1 }), 1000)],
    ['shield', (loop) => loop.shield(nap({ ms: 1 }))],
    ['taskGroup', (loop) => loop.taskGroup((group) => void group.createTask(nap({ ms: 1 })))],
    ['asCompleted', async (loop) => await [...loop.asCompleted([nap({ ms: 1 })])][0]],
  ])('%s takes it: nothing is told', async (_name, body) => {
    expect((await debug(body)).found).toEqual([]);
  });
});

describe('a task that is destroyed while it is pending', () => {
  it('is told when its root has ended by itself, before it', async () => {
    const { found, view } = await debug(async (loop) => {
      loop.createTask(nap({ ms: 1e9 }));
      void loop.gather([nap({ ms: 1e9 }), nap({ ms: 1e9 })]);
      await loop.sleep(10);
    });
    expect(view.children).toMatchObject({ cancelled: 3 });
    expect(found).toMatchObject([{ kind: 'destroyedPending', coroutine: 'root', id: view.id, count: 2, place: here }]);
    expect(found[0]?.message).toMatch(/^Task was destroyed but it is pending: task nap t_/);
  });

  it('below the root it lives on when its creator ends, and nothing is told', async () => {
    const leaves = coroutine('leaves', async (loop: Loop) => void loop.createTask(nap({ ms: 10 })));
    const { found } = await debug(
      async (loop) => {
        await loop.createTask(leaves());
        await loop.sleep(100);
      },
      [leaves],
    );
    expect(found).toEqual([]);
  });

  it('a sleep that nobody awaits is no task', async () => {
    const { found } = await debug((loop) => void loop.sleep(1e9));
    expect(found).toEqual([]);
  });
});

describe('debug mode', () => {
  it('finds the same when every suspension is replayed, once', async () => {
    const { found } = await debug(
      async (loop) => {
        loop.createTask(fail({ message: '' }));
        await loop.sleep(10);
        nap({ ms: 1 });
        await loop.sleep(10);
      },
      [],
      { alwaysReplay: true },
    );
    expect(found).toMatchObject([{ kind: 'neverAwaited' }, { kind: 'neverRetrieved' }]);
  });

  it('off: nothing is looked for', async () => {
    const found: Finding[] = [];
    const root = coroutine('root', async (loop: Loop) => {
      loop.createTask(fail({ message: '' }));
      nap({ ms: 1 });
      await loop.sleep(10);
    });
    await using cluster = await memoryCluster({
      coroutines: [root, fail, nap],
      instrument: { found: (finding) => found.push(finding) },
    });
    await cluster.run(root());
    expect(found).toEqual([]);
  });
});
