/**
 * Gather: many tasks at once, results in order; errors in their places; at most so many at a time.
 *
 *   -d '{"coroutine":"squares","args":{"upTo":6}}'
 *
 * answers with {"squares": [0, 1, 4, 9, 16, 25], "failed": ["13 is unlucky"]}.
 */
import { coroutine } from '@corral/scheduler';

export const square = coroutine('square', (_loop, { n }: { n: number }) => {
  if (n === 13) throw new RangeError('13 is unlucky');
  return n * n;
});

export const squares = coroutine('squares', async (loop, { upTo }: { upTo: number }) => {
  const numbers = Array.from({ length: upTo }, (_, n) => n);
  // limit: never more than 100 of them under way, in the whole cluster.
  const all = await loop.gather(
    numbers.map((n) => square({ n })),
    { limit: 100 },
  );
  // Without returnExceptions the first error would be raised here, and the other members would go on running.
  const tried = await loop.gather([square({ n: 12 }), square({ n: 13 })], { returnExceptions: true });
  return { squares: all, failed: tried.filter((each) => each instanceof Error).map(({ message }) => message) };
});
