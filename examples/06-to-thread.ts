/**
 * Threads: code that computes for long would hold the event loop, and all the coroutines on it. A thread does not.
 *
 *   -d '{"coroutine":"primesUpTo","args":{"n":1000000}}'
 *
 * answers with 78498. Cancel it on the way: its threads end at once.
 */
import { coroutine, threaded } from '@corral/scheduler';

// A thread loads this very file and finds the function by its name: it must be exported, and sees no variable of others.
export const countPrimes = threaded('countPrimes', import.meta.url, (from: number, to: number): number => {
  let count = 0;
  for (let n = Math.max(2, from); n < to; n++) {
    let prime = true;
    for (let divisor = 2; prime && divisor * divisor <= n; divisor++) prime = n % divisor !== 0;
    if (prime) count += 1;
  }
  return count;
});

export const primesBetween = coroutine('primesBetween', async (loop, { from, to }: { from: number; to: number }) =>
  loop.toThread(countPrimes, from, to),
);

export const primesUpTo = coroutine('primesUpTo', async (loop, { n }: { n: number }) => {
  // Ten tasks, on the threads of any workers.
  const bounds = Array.from({ length: 11 }, (_, part) => Math.ceil((part * (n + 1)) / 10));
  const counts = await loop.gather(
    bounds.slice(1).map((to, part) => primesBetween({ from: bounds[part] as number, to })),
  );
  return counts.reduce((sum, count) => sum + count, 0);
});
