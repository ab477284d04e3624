/**
 * toThread: a function that would hold the event loop, run on a thread; its result is recorded as a step's is, so a
 * replay does not run it again. At least once when the worker dies in between.
 *
 * Unlike asyncio, which can only stop waiting, a cancel ends the thread. CancelledError is raised when it has ended, so
 * whoever cleans up knows that nothing runs any more.
 */
import { decode, encode, toError } from '../contract/codec.ts';
import type { CancelledError } from '../contract/exceptions.ts';
import type { ErrorValue } from '../contract/outcome.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';
import { isThreadedFunction, type ThreadedFunction } from './threaded.ts';

export class ToThread<Args extends readonly unknown[], T> extends Future<T> {
  readonly #abort = new AbortController();
  #struck: CancelledError | undefined;

  constructor(operations: Operations, fn: ThreadedFunction<Args, T>, args: Args) {
    super(operations);
    if (!isThreadedFunction(fn))
      throw new TypeError(
        'toThread: a thread has to load the function from its module; define it there, and export it, as ' +
          'threaded(name, import.meta.url, fn)',
      );
    const { threadedName: name, module } = fn;
    const call = { module, name, args: encode(args), origin: operations.origin };
    const op = operations.begin('toThread', name, (event) => {
      if (event.kind !== 'step') return;
      const { state, payload } = event.outcome;
      if (this.#struck !== undefined) this.reject(this.#struck);
      else if (state === 'succeeded') this.resolve(decode(payload) as T);
      else this.reject(toError(decode(payload) as ErrorValue));
    });
    operations.oversights?.began(this, `toThread ${name}`, false);
    operations.sideEffect(op, { kind: 'thread', call, signal: this.#abort.signal });
  }

  override strike(error: CancelledError): void {
    this.#struck ??= error;
    this.#abort.abort(this.#struck);
  }
}
