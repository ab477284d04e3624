/** Coroutines whose side effects are written down in a store that no fault touches. Loaded by real workers. */
import { setTimeout as pause } from 'node:timers/promises';
import { coroutine, type Loop } from '@corral/scheduler';
import { Redis } from 'ioredis';

const ledger = new Redis(process.env['LEDGER_URL'] ?? '');
const note = (loop: Loop, event: string, key: unknown = ''): Promise<unknown> =>
  ledger.xadd('ledger', '*', 'task', loop.currentTask().id, 'event', event, 'key', String(key), 'pid', process.pid);

const spin = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

/** A leaf with one side effect. */
export const effect = coroutine('effect', async (loop, { key, ms }: { key: number; ms: number }) => {
  await note(loop, 'start', key);
  await pause(ms);
  await note(loop, 'end', key);
  return key;
});

interface Effects {
  count: number;
  ms: number;
  from?: number;
  /** These take longer. */
  slow?: { from: number; to: number; ms: number };
}

export const effects = coroutine('effects', async (loop, { count, ms, from = 0, slow }: Effects) => {
  const isSlow = (key: number): boolean => slow !== undefined && key >= slow.from && key < slow.to;
  const members = Array.from({ length: count }, (_, i) => from + i);
  return await loop.gather(members.map((key) => effect({ key, ms: isSlow(key) ? (slow?.ms ?? ms) : ms })));
});

/** Steps of plain I/O with bursts of CPU in between, and a loop operation, so that it has a history. Ten of them fill a loop. */
export const long = coroutine('long', async (loop, { key, ms }: { key: number; ms: number }) => {
  await note(loop, 'start', key);
  await loop.sleep(1);
  for (let passed = 0; passed < ms; passed += 500) {
    spin(50);
    loop.progress(passed);
    await pause(450);
  }
  await note(loop, 'end', key);
  return key;
});

export const longs = coroutine('longs', async (loop, { count, ms }: { count: number; ms: number }) =>
  loop.gather(Array.from({ length: count }, (_, key) => long({ key, ms }))),
);

export const nap = coroutine('nap', async (loop, { key, ms }: { key: number; ms: number }) => {
  await note(loop, 'start', key);
  await loop.sleep(ms);
  await note(loop, 'end', key);
  return key;
});

export const naps = coroutine('naps', async (loop, { count, ms }: { count: number; ms: number }) =>
  loop.gather(Array.from({ length: count }, (_, key) => nap({ key, ms }))),
);

/** `width` to the power of `depth` leaves; every seventh fails, and its parent lives with that. */
export const tree = coroutine(
  'tree',
  async (loop, { depth, width, key = 0 }: { depth: number; width: number; key?: number }): Promise<number> => {
    if (depth === 0) {
      await note(loop, 'start', key);
      await pause(20);
      await note(loop, 'end', key);
      if (key % 7 === 3) throw new RangeError(`leaf ${key}`);
      return 1;
    }
    const below = Array.from({ length: width }, (_, i) => tree({ depth: depth - 1, width, key: key * width + i }));
    const results = await loop.gather(below, { returnExceptions: true });
    return results.reduce<number>((sum, result) => sum + (typeof result === 'number' ? result : 0), 0);
  },
);

export const depth = coroutine('depth', async (loop, { left }: { left: number }): Promise<number> => {
  if (left === 0) return 0;
  const [below] = await loop.gather([depth({ left: left - 1 })]);
  return below + 1;
});

/** Holds the event loop. */
export const block = coroutine('block', async (loop, { ms }: { ms: number }) => {
  await note(loop, 'start');
  spin(ms);
  await note(loop, 'end');
  return 'blocked';
});

/** Ends its process each time it runs. */
export const poison = coroutine('poison', async (loop, { how }: { how: 'exit' | 'heap' | 'crash' }) => {
  await note(loop, 'start');
  if (how === 'exit') process.exit(9);
  if (how === 'crash') process.kill(process.pid, 'SIGSEGV');
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 100_000 }, Math.random));
});

/** Leaves a rejection and a throwing timer behind. */
export const stray = coroutine('stray', async (loop) => {
  await note(loop, 'start');
  void Promise.reject(new Error('nobody hears this'));
  return 'gone on';
});

/** Cleans up when it is cancelled; the clean-up suspends. */
export const tidy = coroutine('tidy', async (loop, { key }: { key: number }) => {
  await note(loop, 'start', key);
  try {
    await loop.sleep(3_600_000);
  } finally {
    await note(loop, 'cleaning', key);
    await loop.sleep(2_000);
    await note(loop, 'cleaned', key);
  }
});

/** Waits for the end of all, so that no clean-up is cut short by the end of the root. */
export const tidies = coroutine('tidies', async (loop, { count }: { count: number }) =>
  loop.gather(
    Array.from({ length: count }, (_, key) => tidy({ key })),
    { returnExceptions: true },
  ),
);

/** A result of so many characters. */
export const large = coroutine('large', async (_loop, { length }: { length: number }) => 'x'.repeat(length));

export const larges = coroutine('larges', async (loop, { count, length }: { count: number; length: number }) => {
  const results = await loop.gather(Array.from({ length: count }, () => large({ length })));
  return results.reduce((sum, text) => sum + text.length, 0);
});

export const blank = coroutine('blank', async () => 1);

export const blanks = coroutine('blanks', async (loop, { count }: { count: number }) => {
  const results = await loop.gather(Array.from({ length: count }, () => blank()));
  return results.length;
});
