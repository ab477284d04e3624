/** shield: await a task without handing a cancel down to it. */
import type { CancelledError } from '../contract/exceptions.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';
import type { Task } from './tasks.ts';

export class Shield<T> extends Future<T> {
  constructor(operations: Operations, inner: Task<T>) {
    super(operations);
    inner.addDoneCallback(() => {
      try {
        this.resolve(inner.result());
      } catch (error) {
        this.reject(error);
      }
    });
  }

  /** The task goes on; who awaited it does not wait any longer. */
  override strike(error: CancelledError): void {
    this.reject(error);
  }
}
