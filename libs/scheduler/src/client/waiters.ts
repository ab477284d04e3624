/**
 * Who waits for which task to settle. News wakes them at once; because news may get lost, each wait also looks again
 * every two seconds. One subscription serves all waits of a process.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';

const lookAgainMs = 2000;

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<TaskId, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(ids: readonly TaskId[]): void {
    for (const id of ids) for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  /**
   * Calls `look` until it answers something, at each news and every two seconds, for at most `ms`.
   * Registers before the first look: what happens in between is not missed.
   */
  async wait<T>(
    id: TaskId,
    ms: number,
    look: () => Promise<T | undefined>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const end = this.#clock.monotonic() + ms;
    let news = Promise.withResolvers<void>();
    const wake = (): void => news.resolve();
    const set = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, set.add(wake));
    signal?.addEventListener('abort', wake);
    try {
      for (;;) {
        const found = await look();
        const left = end - this.#clock.monotonic();
        if (found !== undefined || left <= 0 || signal?.aborted) return found;
        const timer = this.#clock.setTimer(Math.min(left, lookAgainMs), wake);
        await news.promise;
        timer.cancel();
        news = Promise.withResolvers();
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      set.delete(wake);
      if (set.size === 0) this.#waiting.delete(id);
    }
  }
}
