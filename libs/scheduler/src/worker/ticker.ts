/** Repeats an asynchronous round: the next begins `ms` after the last has ended, so rounds never pile up. */
import type { Clock, Timer } from '../contract/clock.ts';

export class Ticker {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #round: () => Promise<boolean>;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `round` answers true when it should be called again at once; it must not reject. */
  constructor(clock: Clock, ms: number, round: () => Promise<boolean>) {
    this.#clock = clock;
    this.#ms = ms;
    this.#round = round;
  }

  start(): void {
    this.#plan(0);
  }

  #plan(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(ms, () => {
      this.#running = this.#round().then((again) => this.#plan(again ? 0 : this.#ms));
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }
}
