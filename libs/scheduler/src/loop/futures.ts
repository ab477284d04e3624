/**
 * Future: the awaitable result of one operation, as in asyncio.
 *
 * It is its own thenable and not a Promise because the runtime must know who is awaited: that decides whether the task
 * is suspended, and where a cancel strikes. Promises are made on demand only, so a future that nobody awaits cannot
 * cause an unhandled rejection.
 */
import type { CancelledError } from '../contract/exceptions.ts';
import type { Oversights } from './oversights.ts';

export interface Awaited {
  /** A cancel of the task reaches this await. Either settles the future, or makes sure that something later will. */
  strike(error: CancelledError): void;
}

export interface Awaiter {
  /** In debug mode. */
  readonly oversights: Oversights | undefined;
  /** Called when user code begins to await an unsettled future; may strike it at once. */
  awaiting(future: Awaited): void;
  /** Called when an awaited future is settled. `wake` resumes the user code, with `struck` instead if that is given. */
  settled(future: Awaited, wake: (struck: CancelledError | undefined) => void): void;
}

type State<T> = { kind: 'pending' } | { kind: 'value'; value: T } | { kind: 'error'; error: unknown };

export abstract class Future<T> implements PromiseLike<T>, Awaited {
  #state: State<T> = { kind: 'pending' };
  /** Of T; said so where it is handed out, so that a Future<number> is a Future<unknown>. */
  #promise: PromiseWithResolvers<unknown> | undefined;
  readonly #awaiter: Awaiter;

  constructor(awaiter: Awaiter) {
    this.#awaiter = awaiter;
  }

  abstract strike(error: CancelledError): void;

  // biome-ignore lint/suspicious/noThenProperty: a future is awaitable
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#promise ??= this.#makePromise();
    this.retrieved();
    const next = (this.#promise.promise as Promise<T>).then(onValue, onError);
    if (this.#state.kind === 'pending') this.#awaiter.awaiting(this);
    return next;
  }

  /** Somebody has seen how it ended, or will. */
  protected retrieved(): void {
    this.#awaiter.oversights?.retrieved(this);
  }

  protected get state(): State<T> {
    return this.#state;
  }

  protected resolve(value: T): void {
    this.#settle({ kind: 'value', value });
  }

  protected reject(error: unknown): void {
    this.#settle({ kind: 'error', error });
  }

  #settle(state: State<T>): void {
    if (this.#state.kind !== 'pending') return;
    this.#state = state;
    const promise = this.#promise;
    const { oversights } = this.#awaiter;
    if (state.kind === 'error' && promise === undefined) oversights?.failed(this, state.error);
    else oversights?.settled(this);
    if (promise === undefined) return;
    this.#awaiter.settled(this, (struck) => (struck === undefined ? this.#finish(promise) : promise.reject(struck)));
  }

  #makePromise(): PromiseWithResolvers<unknown> {
    const promise = Promise.withResolvers<unknown>();
    this.#finish(promise);
    return promise;
  }

  #finish(promise: PromiseWithResolvers<unknown>): void {
    if (this.#state.kind === 'value') promise.resolve(this.#state.value);
    else if (this.#state.kind === 'error') promise.reject(this.#state.error);
  }
}
