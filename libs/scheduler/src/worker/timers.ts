/** Timers of one run that end on this worker: exact, while the timer in the store is what survives the worker. */
import type { Clock, Timer } from '../contract/clock.ts';

export class Timers {
  readonly #clock: Clock;
  readonly #onDue: (op: number) => void;
  readonly #timers = new Map<number, { timer: Timer; due: number }>();

  constructor(clock: Clock, onDue: (op: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  set(op: number, ms: number): void {
    const due = (): void => {
      this.#timers.delete(op);
      this.#onDue(op);
    };
    this.#timers.set(op, { timer: this.#clock.setTimer(ms, due), due: this.#clock.monotonic() + ms });
  }

  /** Until then; 0 when it has ended, or was never set. */
  remainingMs(op: number): number {
    const due = this.#timers.get(op)?.due ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, due - this.#clock.monotonic());
  }

  /** When the last of them ends, by the clock's `monotonic`; undefined when there is none. */
  get last(): number | undefined {
    let last: number | undefined;
    for (const { due } of this.#timers.values()) last = Math.max(last ?? due, due);
    return last;
  }

  /** When the first of them ends, by the clock's `monotonic`; Infinity when there is none. */
  get next(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#timers.values()) next = Math.min(next, due);
    return next;
  }

  clear(op: number): void {
    this.#timers.get(op)?.timer.cancel();
    this.#timers.delete(op);
  }

  clearAll(): void {
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
