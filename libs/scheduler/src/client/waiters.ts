/**
 * Who waits for news of which task. News wakes them at once; because news may get lost, each also looks again every two
 * seconds. One subscription serves all of a process.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';

const lookAgainMs = 2000;

export interface Following {
  /** Resolves at news since the last call, after `ms` or two seconds, or when `signal` is aborted. */
  news(ms: number, signal?: AbortSignal): Promise<void>;
  end(): void;
}

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<TaskId, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(ids: readonly TaskId[]): void {
    for (const id of ids) for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  /** Registered from now on: look after this, and nothing that happens in between is missed. */
  follow(id: TaskId): Following {
    let heard = Promise.withResolvers<void>();
    const wake = (): void => heard.resolve();
    const set = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, set.add(wake));
    return {
      news: async (ms, signal) => {
        if (signal?.aborted) return;
        signal?.addEventListener('abort', wake);
        const timer = this.#clock.setTimer(Math.min(ms, lookAgainMs), wake);
        await heard.promise;
        timer.cancel();
        signal?.removeEventListener('abort', wake);
        heard = Promise.withResolvers();
      },
      end: () => {
        set.delete(wake);
        if (set.size === 0) this.#waiting.delete(id);
      },
    };
  }

  /** Calls `look` until `done` says yes of what it found, at each news and every two seconds, for at most `ms`; gives what
   *  it found last. */
  async wait<T>(
    id: TaskId,
    ms: number,
    look: (first: boolean) => Promise<T>,
    done: (found: T) => boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    const end = this.#clock.monotonic() + ms;
    const following = this.follow(id);
    try {
      for (let first = true; ; first = false) {
        const found = await look(first);
        const left = end - this.#clock.monotonic();
        if (done(found) || left <= 0 || signal?.aborted) return found;
        await following.news(left, signal);
      }
    } finally {
      following.end();
    }
  }
}
