/** A callback of the loop after some time, as `loop.call_later`. Its time is the store's. */
import type { Operations } from './operations.ts';

/** Fits the store's numbers with room to spare: about 31,700 years. */
export const longestMs = 1e15;

export function checkDuration(operation: string, ms: number): void {
  if (typeof ms !== 'number' || !(ms >= 0) || ms > longestMs)
    throw new RangeError(`${operation}: ${ms} is no duration; give milliseconds from 0 to ${longestMs}`);
}

export class CallLater {
  readonly #operations: Operations;
  readonly #op: number;
  #open = true;

  constructor(operations: Operations, kind: string, ms: number, callback: () => void) {
    checkDuration(kind, ms);
    this.#operations = operations;
    this.#op = operations.begin(kind, String(ms), (event) => {
      if (event.kind !== 'timer' || !this.#open) return;
      this.#open = false;
      callback();
    });
    operations.requests(this.#op)?.timers.push({ op: this.#op, ms: Math.ceil(ms) });
  }

  cancel(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#operations.close(this.#op);
    this.#operations.requests()?.clearTimers.push(this.#op);
  }
}
