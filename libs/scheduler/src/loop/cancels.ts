/**
 * Cancels: what is to strike one run of a coroutine, and the signal that tells it of that.
 *
 * Owns: how many cancels were requested and not taken back, what is still to strike, and what the CancelledError that
 * leaves the coroutine means. Does not own: what is awaited, and so struck at once (runner).
 *
 * R4. A cancel strikes what is awaited. When nothing is, it is kept and strikes the next await; when the coroutine ends
 *     first, the task ends as cancelled (CPython, Task.__step: `_must_cancel`). A coroutine that awaits plain I/O hears of
 *     it by `loop.signal`: if it acts on that at once, this was the strike.
 * R5. Cancels that are one act in asyncio are one *wave*: those of one turn, of one request from outside, of the end of
 *     a root, and what they send on along awaits. In CPython they meet in one iteration of the loop, where a task that
 *     is cancelled twice gets one CancelledError (Task.cancel, `_must_cancel`); here they may come at any time.
 * R6. A time limit of the task is `asyncio.timeout` around the whole coroutine: it cancels once, and the CancelledError
 *     that leaves the coroutine becomes TimeoutError unless somebody else has cancelled the task too.
 */
import { CancelledError, type FencedError, TimeoutError } from '../contract/exceptions.ts';

export class Cancels {
  /** Made when the coroutine looks at its signal: most never do. */
  #abort: AbortController | undefined;
  #gone: FencedError | undefined;
  #kept: CancelledError | undefined;
  #waves: Set<string> | undefined;
  /** The coroutine may be acting on its signal at this moment. */
  #signalled = false;
  #requested = 0;
  /** How many of those a time limit of this task has sent. */
  #timeouts = 0;

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone !== undefined) this.#abort.abort(this.#gone);
    return this.#abort.signal;
  }

  get requested(): number {
    return this.#requested;
  }

  /** Takes one back; answers how many are left. */
  uncancel(): number {
    if (this.#requested > 0) this.#requested -= 1;
    if (this.#requested === 0) this.#kept = undefined; // CPython 3.13: with the last one, what is still to strike
    return this.#requested;
  }

  /** Whether a cancel of this wave has come before: then it counts and strikes nothing. */
  repeats(wave: string | undefined): boolean {
    if (wave === undefined) return false;
    if (this.#waves?.has(wave)) {
      this.#requested += 1;
      return true;
    }
    this.#waves ??= new Set();
    this.#waves.add(wave);
    return false;
  }

  timedOut(): void {
    this.#timeouts += 1;
  }

  /** `strike` answers whether there was something to strike. */
  cancel(error: CancelledError, strike: (error: CancelledError) => boolean): void {
    this.#requested += 1;
    const abort = this.#abort;
    this.#abort = undefined; // cleaning up may do I/O of its own
    if (!strike(error)) {
      this.#kept = error;
      this.#signalled = abort !== undefined;
    }
    abort?.abort(error);
  }

  cancelNext(error: CancelledError): void {
    this.#requested += 1;
    this.#kept = error;
  }

  /** What strikes an await that begins now. */
  takeKept(): CancelledError | undefined {
    const error = this.#kept;
    this.#kept = undefined;
    return this.#signalled ? undefined : error;
  }

  /** The coroutine goes on with its loop: if it was acting on its signal, it has. */
  goesOn(): void {
    if (this.#signalled) this.#kept = undefined;
  }

  /** The microtasks after a cancel have run: what nobody acted on by now strikes the next await. */
  drained(): void {
    this.#signalled = false;
  }

  /** With what a coroutine ends that has returned: what should have struck it and could not. */
  get unheard(): CancelledError | undefined {
    return this.#signalled ? undefined : this.#kept;
  }

  /** What the error that leaves the coroutine is for others. */
  meaning(error: unknown): unknown {
    const own = this.#timeouts > 0 && this.#requested <= this.#timeouts && error instanceof CancelledError;
    return own ? new TimeoutError('', { cause: error }) : error;
  }

  /** The claim is lost: the coroutine hears it, also when it asks later. */
  dispose(reason: FencedError): void {
    this.#gone = reason;
    this.#abort?.abort(reason);
  }
}
