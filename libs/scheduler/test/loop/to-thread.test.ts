/** toThread in coroutines, on a cluster in memory: real threads under a virtual clock that waits for them. */
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/contract/outcome.ts';
import type { ThreadCall, Threads } from '../../src/contract/threads.ts';
import { CancelledError, coroutine, type Loop, type ThreadedFunction, threaded } from '../../src/index.ts';
import { type MemoryClusterOptions, memoryCluster } from '../../src/testing/index.ts';
import { fails, later, spin, sum } from '../threads/functions.ts';
import { spinning, standsStill } from '../threads/spinning.ts';

const clusterOf = (body: (loop: Loop) => unknown, options: Partial<MemoryClusterOptions> = {}) =>
  memoryCluster({ coroutines: [coroutine('root', async (loop: Loop) => await body(loop))], ...options });

async function run(body: (loop: Loop) => unknown, options: Partial<MemoryClusterOptions> = {}) {
  await using cluster = await clusterOf(body, options);
  const { id } = await cluster.client.submit('root', {});
  return await cluster.client.wait(id, 60_000);
}

/** Threads that tests let end by hand. */
class HandledThreads implements Threads {
  readonly calls: { call: ThreadCall; signal: AbortSignal; end: (outcome: Outcome) => void }[] = [];
  #came = Promise.withResolvers<void>();

  run(call: ThreadCall, signal: AbortSignal): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.calls.push({ call, signal, end: resolve });
    this.#came.resolve();
    this.#came = Promise.withResolvers();
    return promise;
  }

  /** Resolves with the call number `index` when it has come. */
  async call(index: number) {
    while (this.calls[index] === undefined) await this.#came.promise;
    return this.calls[index];
  }

  async close(): Promise<void> {}
}

const succeeded = (payload: string): Outcome => ({ state: 'succeeded', payload });

describe('a function on a thread', () => {
  it('gives its result; many share the threads', async () => {
    const view = await run((loop) =>
      Promise.all([loop.toThread(sum, 1, 2), loop.toThread(later, 'x'), loop.toThread(sum)]),
    );
    expect(view).toMatchObject({ state: 'succeeded', result: [3, 'x', 0] });
  });

  it('raises its error with type and stack', async () => {
    const view = await run((loop) => loop.toThread(fails, 'no'));
    expect(view).toMatchObject({ state: 'failed', error: { type: 'RangeError', message: 'no' } });
    expect(view?.error?.stack).toContain('functions.ts');
    expect(view?.error?.task).toBe(`root ${view?.id}`);
  });

  it('takes no time on a virtual clock', async () => {
    const view = await run(async (loop) => {
      const before = loop.now();
      await loop.toThread(later, 'x');
      return loop.now() - before;
    });
    expect(view?.result).toBe(0);
  });

  it('must be threaded, and its arguments JSON', async () => {
    const plain = (() => 1) as unknown as ThreadedFunction<[], number>;
    expect((await run((loop) => loop.toThread(plain)))?.error?.message).toContain(
      'threaded(name, import.meta.url, fn)',
    );
    expect((await run((loop) => loop.toThread(sum, Number.NaN)))?.error).toMatchObject({
      type: 'UnserializableError',
      message: expect.stringContaining('/0'),
    });
  });

  it('stays callable where it is', () => {
    expect(sum(1, 2)).toBe(3);
  });
});

describe('threaded', () => {
  it('says what is wrong with its arguments', () => {
    expect(() => threaded('', import.meta.url, () => 1)).toThrow('the name must be');
    expect(() => threaded('a', './a.ts', () => 1)).toThrow('must be import.meta.url');
    expect(() => threaded('a', import.meta.url, 1 as never)).toThrow('must be a function');
  });
});

describe('the record', () => {
  it('replay does not run it again', async () => {
    const threads = new HandledThreads();
    const ended = threads.call(0).then(({ end }) => end(succeeded('7')));
    const view = await run(
      async (loop) => {
        const value = await loop.toThread(sum, 3, 4);
        await loop.sleep(10);
        await loop.sleep(10);
        return value;
      },
      { threads, alwaysReplay: true },
    );
    await ended;
    expect(view?.result).toBe(7);
    expect(threads.calls).toHaveLength(1);
    expect(threads.calls[0]?.call).toMatchObject({ name: 'sum', args: '[3,4]', module: sum.module });
  });

  it('a worker that dies before the record: its thread is ended, and another worker runs the function again', async () => {
    const threads = new HandledThreads();
    await using cluster = await clusterOf((loop) => loop.toThread(sum, 3, 4), { threads, workers: 1 });
    const { id } = await cluster.client.submit('root', {});
    const first = await threads.call(0);
    const [victim] = cluster.workers;
    if (victim === undefined) throw new Error('no worker');
    cluster.kill(victim);
    expect(first.signal.aborted).toBe(true);
    first.end(succeeded('1'));
    await cluster.addWorker();
    (await threads.call(1)).end(succeeded('7'));
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'succeeded', result: 7, attempt: 2 });
  });
});

describe('a cancel', () => {
  it('ends the thread, and is raised when it has ended', async () => {
    const heard = spinning('cancel');
    const order: string[] = [];
    await using cluster = await clusterOf(async (loop) => {
      try {
        await loop.toThread(spin, 'cancel');
      } catch (error) {
        order.push(error instanceof CancelledError ? error.message : 'another error');
        throw error;
      }
    });
    const { id } = await cluster.client.submit('root', {});
    const counter = await heard;
    await cluster.client.cancel(id, 'enough');
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'cancelled', error: { message: 'enough' } });
    expect(order).toEqual(['enough']);
    expect(await standsStill(counter)).toBe(true);
  });

  it('counts also when the function was quicker than the end of its thread', async () => {
    const threads = new HandledThreads();
    await using cluster = await clusterOf((loop) => loop.toThread(sum, 3, 4), { threads });
    const { id } = await cluster.client.submit('root', {});
    const { signal, end } = await threads.call(0);
    await cluster.client.cancel(id);
    signal.addEventListener('abort', () => end(succeeded('7')));
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({ state: 'cancelled' });
  });

  it('is caught, and replayed, where it was raised', async () => {
    const threads = new HandledThreads();
    await using cluster = await clusterOf(
      async (loop) => {
        const caught = await loop.toThread(sum, 3, 4).then(() => 'not raised', String);
        await loop.sleep(10);
        return caught;
      },
      { threads, alwaysReplay: true },
    );
    const { id } = await cluster.client.submit('root', {});
    const { signal, end } = await threads.call(0);
    signal.addEventListener('abort', () =>
      end({ state: 'cancelled', payload: '{"type":"CancelledError","message":""}' }),
    );
    await cluster.client.cancel(id, 'stop it');
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({
      ...{ state: 'succeeded', result: 'CancelledError: stop it' },
    });
    expect(threads.calls).toHaveLength(1);
  });
});

describe('while it runs', () => {
  it('the task holds its slot, and gives it back when it sleeps', async () => {
    const threads = new HandledThreads();
    await using cluster = await clusterOf(
      async (loop) => {
        await loop.toThread(sum);
        await loop.sleep(1e9);
      },
      { threads, workers: 1 },
    );
    const { id } = await cluster.client.submit('root', {});
    const { end } = await threads.call(0);
    expect(cluster.workers[0]?.statistics()).toMatchObject({ running: 1, suspended: 0 });
    expect((await cluster.client.get(id))?.state).toBe('running');
    end(succeeded('0'));
    await new Promise<void>((resolve) => cluster.clock.setTimer(100, resolve));
    expect(cluster.workers[0]?.statistics()).toMatchObject({ running: 0, suspended: 1 });
  });

  it('and the coroutine ends: the thread is ended', async () => {
    const threads = new HandledThreads();
    const view = run(
      async (loop) => {
        void loop.toThread(sum);
        return 'done';
      },
      { threads },
    );
    const { signal, end } = await threads.call(0);
    signal.addEventListener('abort', () => end({ state: 'cancelled', payload: 'null' }));
    expect(await view).toMatchObject({ state: 'succeeded', result: 'done' });
    expect(signal.aborted).toBe(true);
  });
});
