/** A callback of the loop after some time, as `loop.call_later`. Its time is the store's. */
import { checkDuration } from '../contract/duration.ts';
import type { Operations } from './operations.ts';

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
