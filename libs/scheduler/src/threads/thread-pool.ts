/**
 * ThreadPool: calls on worker threads, over piscina.
 *
 * P1. Threads start when they are needed and end when they have been idle for a while.
 * P2. Never more calls than threads are given to piscina: a call that waits in its queue is forgotten when the thread
 *     that it waits for is terminated (seen with 5.3.2, and with tinypool 2.2.0).
 * P3. An aborted call is answered when its thread has ended: a port that lives in the thread is closed by then.
 */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { encode, errorValue } from '../contract/codec.ts';
import { FencedError } from '../contract/exceptions.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { ThreadCall, Threads } from '../contract/threads.ts';
import { Permits } from './permits.ts';

export interface ThreadPoolOptions {
  /** At most so many threads. */
  size: number;
  /** Module that each thread begins with; its default export is made by `threadEntry`. */
  entry?: URL;
  /** A thread failed while it had no call. */
  failed(error: unknown): void;
}

const idleMs = 30_000;

/** Has the ending of this file: .ts when sources are run, .js in dist. */
const defaultEntry = new URL(import.meta.url.replace(/[^/]*\.(\w+)$/, 'entry.$1'));

export class ThreadPool implements Threads {
  readonly #options: ThreadPoolOptions;
  readonly #permits: Permits;
  readonly #closed = new AbortController();
  #pool: Piscina | undefined;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#permits = new Permits(options.size);
  }

  async run(call: ThreadCall, wanted: AbortSignal): Promise<Outcome> {
    const signal = AbortSignal.any([wanted, this.#closed.signal]);
    try {
      await this.#permits.acquire(signal);
      try {
        return await this.#onThread(call, signal);
      } finally {
        this.#permits.release();
      }
    } catch (error) {
      const [state, reason] = signal.aborted ? (['cancelled', signal.reason] as const) : (['failed', error] as const);
      return { state, payload: encode(errorValue(reason, call.origin)) };
    }
  }

  async #onThread(call: ThreadCall, signal: AbortSignal): Promise<Outcome> {
    const { port1, port2 } = new MessageChannel();
    const closed = once(port1, 'close');
    try {
      return (await this.#started().run({ call, port: port2 }, { signal, transferList: [port2] })) as Outcome;
    } catch (error) {
      port2.close(); // in case that it never came to the thread
      await closed;
      throw error;
    } finally {
      port1.close();
    }
  }

  #started(): Piscina {
    if (this.#pool !== undefined) return this.#pool;
    const { size, entry = defaultEntry, failed } = this.#options;
    // Without atomics a thread sleeps in its event loop, so that what it began by itself (a stream, say) can go on.
    const options = { filename: entry.href, minThreads: 0, maxThreads: size, idleTimeout: idleMs } as const;
    this.#pool = new Piscina({ ...options, atomics: 'disabled' });
    this.#pool.on('error', failed);
    return this.#pool;
  }

  async close(): Promise<void> {
    this.#closed.abort(new FencedError('the worker stops'));
    await this.#pool?.destroy();
  }
}
