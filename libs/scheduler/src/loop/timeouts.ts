/**
 * timeout: cancel what takes too long, after CPython's asyncio.Timeout (3.13).
 *
 * The expiry cancels the current task once. If that CancelledError leaves the block, and nobody else has cancelled the
 * task since it entered the block, it becomes TimeoutError. A swallowed cancel, or another error, stays what it is.
 */
import { checkDuration } from '../contract/duration.ts';
import { CancelledError, InvalidStateError, TimeoutError } from '../contract/exceptions.ts';
import type { Operations } from './operations.ts';
import { CallLater } from './timers.ts';

type State = 'created' | 'active' | 'expiring' | 'expired' | 'finished';

export class Timeout {
  readonly #operations: Operations;
  #state: State = 'created';
  #cancelling = 0;
  #timer: { cancel(): void } | undefined;

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  /** True once the time was over, also while the block is still being left. */
  expired(): boolean {
    return this.#state === 'expiring' || this.#state === 'expired';
  }

  /** Counts anew: `ms` milliseconds from now; null: no limit. */
  reschedule(ms: number | null): void {
    if (this.#state !== 'active') throw new InvalidStateError(`Cannot change state of ${this.#state} Timeout`);
    this.#timer?.cancel();
    this.#timer = ms === null ? undefined : this.#after(ms);
  }

  #after(ms: number): { cancel(): void } {
    checkDuration('timeout', ms);
    if (ms > 0) return new CallLater(this.#operations, 'timeout', ms, () => this.#expire());
    // As call_soon: before anything that the block has begun gets to run.
    let open = true;
    this.#operations.callSoon(() => {
      if (open) this.#expire();
    });
    return {
      cancel: () => {
        open = false;
      },
    };
  }

  #expire(): void {
    this.#state = 'expiring';
    this.#timer = undefined;
    this.#operations.cancelSelf();
  }

  enter(ms: number | null): void {
    this.#state = 'active';
    this.#cancelling = this.#operations.cancelling;
    this.reschedule(ms);
  }

  /** What leaves the block in place of `error`. */
  exit(error: unknown): unknown {
    this.#timer?.cancel();
    if (this.#state === 'active') this.#state = 'finished';
    if (this.#state !== 'expiring') return error;
    this.#state = 'expired';
    const own = this.#operations.uncancel() <= this.#cancelling;
    return own && error instanceof CancelledError ? new TimeoutError('', { cause: error }) : error;
  }
}

export async function timeout<T>(
  operations: Operations,
  ms: number | null,
  body: (scope: Timeout) => PromiseLike<T> | T,
): Promise<T> {
  const scope = new Timeout(operations);
  scope.enter(ms);
  let value: T;
  try {
    value = await body(scope);
  } catch (error) {
    throw scope.exit(error);
  }
  scope.exit(undefined);
  return value;
}
