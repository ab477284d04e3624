import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again until the view satisfies `test`; the limit is far above what it takes, and ends the test with the last view. */
export async function until<T>(look: () => Promise<T>, test: (seen: T) => boolean): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    const seen = await look();
    if (test(seen)) return seen;
    await sleep(20);
    if (performance.now() > end) throw new Error(`still not: ${JSON.stringify(seen)}`);
  }
}
