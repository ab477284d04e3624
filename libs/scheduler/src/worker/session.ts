/**
 * Session: one worker's lease. A beat a second keeps it; a session that the store has given up is told so and ends, and
 * its worker begins another. What must be told in time goes out from here, what is decided in time is decided by the
 * store, in the store's own time.
 */
import type { Clock, Timer } from '../contract/clock.ts';
import type { Beat, SessionInfo, Store } from '../contract/store.ts';

const beatMs = 1000;

export class Session {
  readonly info: SessionInfo;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #state: () => Omit<Beat, 'session'>;
  readonly #events: { lost(): void; failed(error: unknown): void };
  #timer: Timer | undefined;
  #ended = false;
  #beating: Promise<void> = Promise.resolve();

  constructor(
    info: SessionInfo,
    store: Store,
    clock: Clock,
    state: () => Omit<Beat, 'session'>,
    events: { lost(): void; failed(error: unknown): void },
  ) {
    this.info = info;
    this.#store = store;
    this.#clock = clock;
    this.#state = state;
    this.#events = events;
  }

  async begin(): Promise<void> {
    await this.#store.register(this.info);
    this.#plan();
  }

  #plan(): void {
    if (this.#ended) return;
    this.#timer = this.#clock.setTimer(beatMs, () => {
      this.#beating = this.beat().then(() => this.#plan());
    });
  }

  /** At once, for news that should not wait a second (draining). */
  async beat(): Promise<void> {
    try {
      const lives = await this.#store.beat({ session: this.info.id, ...this.#state() });
      if (!lives && !this.#ended) {
        this.#ended = true;
        this.#events.lost();
      }
    } catch (error) {
      this.#events.failed(error);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    await this.#beating;
  }
}
