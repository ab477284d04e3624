/** Timers of one run that end on this worker: exact, while the timer in the store is what survives the worker. */
import type { Clock, Timer } from '../contract/clock.ts';

export class Timers {
  readonly #clock: Clock;
  readonly #onDue: (op: number) => void;
  readonly #timers = new Map<number, Timer>();

  constructor(clock: Clock, onDue: (op: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  set(op: number, ms: number): void {
    const due = (): void => {
      this.#timers.delete(op);
      this.#onDue(op);
    };
    this.#timers.set(op, this.#clock.setTimer(ms, due));
  }

  clear(op: number): void {
    this.#timers.get(op)?.cancel();
    this.#timers.delete(op);
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
