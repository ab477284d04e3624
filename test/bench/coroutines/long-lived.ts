import { CancelledError, coroutine } from '@corral/scheduler';

const hourMs = 3_600_000;

/** So many steps, each awaited: two entries of the history each. */
export const steps = coroutine('bench.steps', async (loop, { count }: { count: number }) => {
  for (let i = 0; i < count; i++) await loop.step('one', () => i);
  return count;
});

/** The same, and then it waits, and tells by its progress how often a cancel has woken it. */
export const longLived = coroutine('bench.longLived', async (loop, { count }: { count: number }) => {
  for (let i = 0; i < count; i++) await loop.step('one', () => i);
  for (let woken = 0; ; woken++) {
    loop.progress(woken);
    try {
      await loop.sleep(hourMs);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
  }
});
