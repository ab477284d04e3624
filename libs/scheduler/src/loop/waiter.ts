/** Waiter: a future that the loop's own operations wait on, as `loop.create_future()` in Lib/asyncio. */
import type { CancelledError } from '../contract/exceptions.ts';
import { Future } from './futures.ts';

export class Waiter extends Future<void> {
  release(): void {
    this.resolve();
  }

  /** A cancel ends the waiting and touches nothing else. */
  override strike(error: CancelledError): void {
    this.reject(error);
  }
}

/** An operation that nobody awaits may fail without hurting the process; asyncio only logs such errors. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
