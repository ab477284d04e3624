/** loop.signal: how a cancel reaches plain I/O, and what asyncio's rules make of it. */
import { describe, expect, it } from 'vitest';
import { CancelledError, coroutine, type Loop } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

/** Plain I/O that never ends by itself. */
const io = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** Runs `body`, cancels it when it says so, and gives the view. */
async function cancelled(body: (loop: Loop, ready: () => void) => Promise<unknown>) {
  const ready = Promise.withResolvers<void>();
  const root = coroutine('root', (loop: Loop) => body(loop, ready.resolve));
  await using cluster = await memoryCluster({ coroutines: [root], workers: 1 });
  const { id } = await cluster.client.submit('root', {});
  await ready.promise;
  await cluster.client.cancel(id, 'stop');
  return await cluster.client.wait(id, 60_000);
}

describe('a cancel during plain I/O', () => {
  it('aborts the signal with the CancelledError', async () => {
    const view = await cancelled((loop, ready) => {
      ready();
      return io(loop.signal);
    });
    expect(view).toMatchObject({ state: 'cancelled', error: { type: 'CancelledError', message: 'stop' } });
  });

  it('lets the coroutine clean up with awaits of its own, once', async () => {
    const view = await cancelled(async (loop, ready) => {
      try {
        ready();
        await io(loop.signal);
      } catch (error) {
        await loop.sleep(100);
        loop.log('cleaned');
        return error instanceof CancelledError && !loop.signal.aborted;
      }
      return 'not raised';
    });
    expect(view).toMatchObject({ state: 'succeeded', result: true });
  });

  it('is raised at the next await of the loop when nobody listens to the signal', async () => {
    const view = await cancelled(async (loop, ready) => {
      ready();
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      try {
        await loop.sleep(1000);
      } catch (error) {
        return (error as Error).message;
      }
      return 'slept';
    });
    expect(view).toMatchObject({ state: 'succeeded', result: 'stop' });
  });

  it('cancels a coroutine that returns without another await (CPython: _must_cancel)', async () => {
    const view = await cancelled(async (_loop, ready) => {
      ready();
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      return 'a result that comes too late';
    });
    expect(view).toMatchObject({ state: 'cancelled', error: { message: 'stop' } });
  });
});
