/** sleep: a durable timer of any length. */
import type { CancelledError } from '../contract/exceptions.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';
import { CallLater } from './timers.ts';

export class Sleep<T> extends Future<T> {
  readonly #timer: CallLater;

  constructor(operations: Operations, ms: number, result: T) {
    super(operations);
    this.#timer = new CallLater(operations, 'sleep', ms, () => this.resolve(result));
  }

  override strike(error: CancelledError): void {
    this.#timer.cancel();
    this.reject(error);
  }
}
