/** A worker's lines to the store and to dispatch, which can be cut as if its process had been killed. */
import type { Consumer, Dispatch } from '../contract/dispatch.ts';
import type { Store } from '../contract/store.ts';

const silence = <T>(): Promise<T> => new Promise<T>(() => undefined);

export interface Lines {
  store: Store;
  dispatch: Dispatch;
}

export class Mortal {
  readonly store: Store;
  readonly dispatch: Dispatch;
  #dead = false;
  readonly #died = Promise.withResolvers<void>();

  constructor({ store, dispatch }: Lines) {
    this.store = this.#mortal(store);
    const lines = this.#mortal(dispatch);
    this.dispatch = {
      send: lines.send,
      backlog: lines.backlog,
      close: lines.close,
      consume: (partition, consumer) => dispatch.consume(partition, this.#consumer(consumer)),
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
