/**
 * The heartbeat as the main thread sees it: starts the thread, shows it that the loop turns and what the session is
 * doing, and hears what became of the beats. What is decided and when is in heartbeat-thread.ts.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '../contract/exceptions.ts';
import type { Heartbeat, HeartbeatEvents, SessionState } from '../contract/heartbeat.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { SessionId } from '../contract/task.ts';
import { type FromHeartbeat, type HeartbeatData, place, places, type ToHeartbeat } from './heartbeat-words.ts';
import type { RedisStoreOptions } from './redis-connection.ts';

/** Compiled code lies beside compiled code. */
const threadFile = new URL(`./heartbeat-thread${extname(import.meta.url)}`, import.meta.url);
const turnMs = 250;
const stuckMs = 5000;

export interface ThreadHeartbeatOptions {
  redis: RedisStoreOptions;
  /** A loop that has not turned for so long counts as dead. */
  maxBlockMs: number;
  /** The process of one that counts as dead is ended. */
  endBlocked: boolean;
  instrument: Instrument;
}

interface Beating {
  session: SessionId;
  state: () => SessionState;
  events: HeartbeatEvents;
}

export class ThreadHeartbeat implements Heartbeat {
  readonly #options: ThreadHeartbeatOptions;
  readonly #shared = new SharedArrayBuffer(places * Int32Array.BYTES_PER_ELEMENT);
  readonly #state = new Int32Array(this.#shared);
  #opened = Promise.withResolvers<void>();
  /** Beats at once that were not answered yet, by number. */
  readonly #asked = new Map<number, () => void>();
  #beats = 0;
  #thread: Worker | undefined;
  #turning: NodeJS.Timeout | undefined;
  #beating: Beating | undefined;

  constructor(options: ThreadHeartbeatOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#thread === undefined) {
      this.#thread = this.#newThread();
      this.#turning = setInterval(() => this.#turn(), turnMs).unref();
    }
    await this.#opened.promise;
  }

  #newThread(): Worker {
    const { redis, maxBlockMs, endBlocked } = this.#options;
    const workerData: HeartbeatData = { redis, shared: this.#shared, stuckMs, maxBlockMs, endBlocked };
    const thread = new Worker(threadFile, { workerData, name: 'corral heartbeat' });
    thread.on('message', (message: FromHeartbeat) => this.#hear(message));
    thread.on('error', (error) => this.#failed(error));
    return thread;
  }

  /** A worker that cannot beat must not go on as if it could: its session is over, and the next one opens a new thread. */
  #failed(cause: unknown): void {
    this.#thread = undefined;
    clearInterval(this.#turning);
    this.#opened.reject(new StoreUnavailableError('the heartbeat has failed', { cause }));
    this.#opened = Promise.withResolvers();
    this.#options.instrument.warning?.('the heartbeat has failed', cause);
    for (const answered of this.#asked.values()) answered();
    const beating = this.#beating;
    this.#beating = undefined;
    beating?.events.lost();
  }

  start(session: SessionId, state: () => SessionState, events: HeartbeatEvents): void {
    this.#beating = { session, state, events };
    this.#turn();
    this.#tell({ kind: 'session', session });
  }

  async beat(): Promise<void> {
    this.#turn();
    const answered = Promise.withResolvers<void>();
    const number = ++this.#beats;
    this.#asked.set(number, answered.resolve);
    this.#tell({ kind: 'beat', number });
    await answered.promise;
    this.#asked.delete(number);
  }

  async close(): Promise<void> {
    this.#beating = undefined;
    clearInterval(this.#turning);
    this.#thread?.removeAllListeners('error');
    await this.#thread?.terminate();
  }

  /** The loop turns: this is how the thread sees it. */
  #turn(): void {
    Atomics.add(this.#state, place.turn, 1);
    const state = this.#beating?.state();
    if (state === undefined) return;
    Atomics.store(this.#state, place.running, state.running);
    Atomics.store(this.#state, place.suspended, state.suspended);
    Atomics.store(this.#state, place.draining, state.draining ? 1 : 0);
  }

  #tell(message: ToHeartbeat): void {
    this.#thread?.postMessage(message);
  }

  #hear(message: FromHeartbeat): void {
    const { instrument } = this.#options;
    if (message.kind === 'open') this.#opened.resolve();
    else if (message.kind === 'beaten') this.#asked.get(message.number)?.();
    else if (message.kind === 'call')
      instrument.storeCall?.({ method: 'beat', items: 1, ms: message.ms, failed: message.failed });
    else if (message.kind === 'warning') instrument.warning?.(message.message, message.error);
    else this.#hearOfBeat(message);
  }

  #hearOfBeat(message: Extract<FromHeartbeat, { session: SessionId }>): void {
    const beating = this.#beating;
    if (beating?.session !== message.session) return;
    if (message.kind === 'failed') {
      beating.events.failed(message.error);
      return;
    }
    this.#beating = undefined;
    beating.events.lost();
  }
}
