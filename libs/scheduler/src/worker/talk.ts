/** What is not worth a call of its own, logs say, waits for the next call, and no longer than a moment. */
import type { Clock, Timer } from '../contract/clock.ts';

export class Talk {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #due = false;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Something waits that may wait for `ms`. True when it has waited long enough. */
  isDue(ms: number): boolean {
    this.#timer ??= this.#clock.setTimer(ms, () => {
      this.#due = true;
      this.#onDue();
    });
    return this.#due;
  }

  /** All has been told. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = false;
  }
}
