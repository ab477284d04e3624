/** A worker's lines to the store, to dispatch, to its clock and to its threads, which can be cut as if its process had been killed. */
import type { Clock } from '../contract/clock.ts';
import type { Consumer, Dispatch } from '../contract/dispatch.ts';
import type { Store } from '../contract/store.ts';
import type { Threads } from '../contract/threads.ts';

const silence = <T>(): Promise<T> => new Promise<T>(() => undefined);

export interface Lines {
  store: Store;
  dispatch: Dispatch;
  clock: Clock;
  threads: Threads;
}

export class Mortal {
  readonly store: Store;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly threads: Threads;
  #dead = false;
  readonly #died = Promise.withResolvers<void>();
  readonly #end = new AbortController();

  constructor({ store, dispatch, clock, threads }: Lines) {
    this.clock = this.#clockOf(clock);
    this.threads = this.#threadsOf(threads);
    this.store = this.#mortal(store);
    const lines = this.#mortal(dispatch);
    this.dispatch = {
      send: lines.send,
      backlog: lines.backlog,
      close: lines.close,
      consume: (partition, consumer) => dispatch.consume(partition, this.#consumer(consumer)),
    };
  }

  /** Timers of the dead are neither set nor fired. */
  #clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      drain: () => clock.drain(),
      random: (bytes) => clock.random(bytes),
      blocked: () => clock.blocked(),
      setTimer: (ms, callback) => {
        if (this.#dead) return { cancel: () => undefined };
        return clock.setTimer(ms, () => {
          if (!this.#dead) callback();
        });
      },
    };
  }

  /** Threads die with their process. */
  #threadsOf(threads: Threads): Threads {
    return {
      run: (call, signal) => threads.run(call, AbortSignal.any([signal, this.#end.signal])),
      close: async () => undefined, // the cluster's, which other workers use
    };
  }

  /** The batch that the dead have in hand is lost, and they never have a free slot again. */
  #consumer({ free, take, failed }: Consumer): Consumer {
    return {
      free: async () => (this.#dead ? await silence() : await free()),
      take: async (ids) => {
        if (this.#dead) return;
        const died = this.#died.promise;
        await Promise.race([take(ids), died]);
      },
      failed,
    };
  }

  /** From now on nothing that is sent arrives, and nothing that is asked is answered. */
  kill(): void {
    this.#dead = true;
    this.#died.resolve();
    this.#end.abort();
  }

  #mortal<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.#dead) return await silence();
          const answer: unknown = await Reflect.apply(value, target, args);
          return this.#dead ? await silence() : answer;
        };
      },
    });
  }
}
