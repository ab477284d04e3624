/** sleep: a durable timer of any length. */
import type { CancelledError } from '../contract/exceptions.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';

/** Fits the store's numbers with room to spare: about 31,700 years. */
const longest = 1e15;

export class Sleep<T> extends Future<T> {
  readonly #operations: Operations;
  readonly #op: number;

  constructor(operations: Operations, ms: number, result: T) {
    super(operations);
    if (typeof ms !== 'number' || !(ms >= 0) || ms > longest)
      throw new RangeError(`sleep: ${ms} is no duration; give milliseconds from 0 to ${longest}`);
    this.#operations = operations;
    this.#op = operations.begin('sleep', String(ms), (event) => {
      if (event.kind === 'timer') this.resolve(result);
    });
    operations.requests(this.#op)?.timers.push({ op: this.#op, ms: Math.ceil(ms) });
  }

  override strike(error: CancelledError): void {
    this.#operations.requests()?.clearTimers.push(this.#op);
    this.reject(error);
  }
}
