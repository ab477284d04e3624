/** step: run a side effect on this worker once, and record its result. At least once when the worker dies in between. */
import { decode, toError } from '../contract/codec.ts';
import type { CancelledError } from '../contract/exceptions.ts';
import type { ErrorValue } from '../contract/outcome.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';

export class Step<T> extends Future<T> {
  constructor(operations: Operations, name: string, run: () => T | Promise<T>) {
    super(operations);
    if (typeof name !== 'string' || name === '') throw new TypeError('step: the name must be a text that is not empty');
    if (typeof run !== 'function') throw new TypeError(`step ${name}: the second argument must be a function`);
    const op = operations.begin('step', name, (event) => {
      if (event.kind !== 'step') return;
      const { state, payload } = event.outcome;
      if (state === 'succeeded') this.resolve(decode(payload) as T);
      else this.reject(toError(decode(payload) as ErrorValue));
    });
    operations.oversights?.began(this, `step ${name}`, false);
    operations.sideEffect(op, { kind: 'step', run });
  }

  /** The side effect cannot be stopped from here (it may listen to `loop.signal`); its result is not waited for. */
  override strike(error: CancelledError): void {
    this.reject(error);
  }
}
