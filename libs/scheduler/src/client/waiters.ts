/**
 * Who waits for news of which task. News wakes them at once; because news may get lost, each also looks again every two
 * seconds. One subscription serves all of a process.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';

const lookAgainMs = 2000;
/** Who submits a task waits for it at once or, most probably, not here. */
const expectedMs = 1000;
const mostExpected = 1000;

export interface Following {
  /** Resolves at news since the last call, after `ms` or two seconds, or when `signal` is aborted; with the record of the
   *  task when the news is that it has settled, and says how. */
  news(ms: number, signal?: AbortSignal): Promise<TaskRecord | undefined>;
  end(): void;
}

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<TaskId, Set<(ended: TaskRecord | undefined) => void>>();
  readonly #expected = new Map<TaskId, { following: Following; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(ids: readonly TaskId[], ended: ReadonlyMap<TaskId, TaskRecord>): void {
    for (const id of ids) for (const wake of this.#waiting.get(id) ?? []) wake(ended.get(id));
  }

  /** The task is about to be created: a wait that begins soon has missed nothing of it, and need not look first. */
  expect(id: TaskId): void {
    const [oldest] = this.#expected.keys();
    if (oldest !== undefined && this.#expected.size >= mostExpected) this.#takeExpected(oldest)?.end();
    this.#expected.set(id, { following: this.follow(id), until: this.#clock.monotonic() + expectedMs });
  }

  #takeExpected(id: TaskId): Following | undefined {
    const { following, until = 0 } = this.#expected.get(id) ?? {};
    this.#expected.delete(id);
    if (until >= this.#clock.monotonic()) return following;
    following?.end();
    return undefined;
  }

  /** Registered from now on: look after this, and nothing that happens in between is missed. */
  follow(id: TaskId): Following {
    let heard = Promise.withResolvers<TaskRecord | undefined>();
    const wake = (ended: TaskRecord | undefined): void => heard.resolve(ended);
    const set = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, set.add(wake));
    return {
      news: async (ms, signal) => {
        if (signal?.aborted) return;
        const enough = (): void => wake(undefined);
        signal?.addEventListener('abort', enough);
        const timer = this.#clock.setTimer(Math.min(ms, lookAgainMs), enough);
        const ended = await heard.promise;
        timer.cancel();
        signal?.removeEventListener('abort', enough);
        heard = Promise.withResolvers();
        return ended;
      },
      end: () => {
        set.delete(wake);
        if (set.size === 0) this.#waiting.delete(id);
      },
    };
  }

  /** Calls `look` until `done` says yes of what it found, at each news and every two seconds, for at most `ms`; gives what
   *  it found last. `ended`: what the news has told; then there is no need to ask. */
  async wait<T>(
    id: TaskId,
    ms: number,
    look: (first: boolean, ended: TaskRecord | undefined) => Promise<T>,
    done: (found: T) => boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    const end = this.#clock.monotonic() + ms;
    const expected = this.#takeExpected(id);
    const following = expected ?? this.follow(id);
    try {
      let ended = expected && (await expected.news(ms, signal));
      for (let first = expected === undefined; ; first = false) {
        const found = await look(first, ended);
        const left = end - this.#clock.monotonic();
        if (done(found) || left <= 0 || signal?.aborted) return found;
        ended = await following.news(left, signal);
      }
    } finally {
      following.end();
    }
  }
}
