/**
 * Recursion: a coroutine that gathers itself. A suspended coroutine holds no slot, so the depth does not matter, even
 * with one worker and one slot.
 *
 *   -d '{"coroutine":"fibonacci","args":{"n":10}}'
 *
 * answers with 55, after 177 tasks.
 */
import { type CoroutineFunction, coroutine } from '@corral/scheduler';

export const fibonacci: CoroutineFunction<{ n: number }, number> = coroutine(
  'fibonacci',
  async (loop, { n }: { n: number }): Promise<number> => {
    if (n < 2) return n;
    const [a, b] = await loop.gather([fibonacci({ n: n - 1 }), fibonacci({ n: n - 2 })]);
    return a + b;
  },
);
