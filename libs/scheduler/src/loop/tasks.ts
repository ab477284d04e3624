/** Task: the handle on a task that this coroutine created. Awaiting it gives its result or raises its error. */
import { decode, encode, toError } from '../contract/codec.ts';
import type { TaskOptions } from '../contract/coroutine.ts';
import { CancelledError, InvalidStateError } from '../contract/exceptions.ts';
import { childId } from '../contract/ids.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import type { TaskId } from '../contract/task.ts';
import type { Coroutine } from './coroutines.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';

export class Task<T> extends Future<T> {
  readonly id: TaskId;
  readonly coroutine: string;
  readonly name: string | undefined;
  readonly #operations: Operations;
  #outcome: Outcome | undefined;
  #observers: ((outcome: Outcome) => void)[] = [];

  constructor(operations: Operations, coroutine: Coroutine<T>, options: TaskOptions) {
    super(operations);
    this.#operations = operations;
    this.coroutine = coroutine.coroutineName;
    this.name = options.name;
    const args = encode(coroutine.args);
    const op = operations.begin('createTask', coroutine.coroutineName, (event) => {
      if (event.kind === 'settled') this.#settled(event.outcome);
    });
    this.id = childId(operations.taskId, op);
    operations.requests(op)?.spawns.push({
      id: this.id,
      op,
      coroutine: coroutine.coroutineName,
      args,
      options: encode(options),
    });
  }

  #settled(outcome: Outcome): void {
    this.#outcome = outcome;
    if (outcome.state === 'succeeded') this.resolve(decode(outcome.payload) as T);
    else this.reject(toError(decode(outcome.payload) as ErrorValue));
    const observers = this.#observers;
    this.#observers = [];
    for (const observer of observers) observer(outcome);
  }

  /** For gather and its kin: told once, at once when the task is done. */
  whenSettled(observer: (outcome: Outcome) => void): void {
    if (this.#outcome === undefined) this.#observers.push(observer);
    else observer(this.#outcome);
  }

  outcome(): Outcome {
    if (this.#outcome === undefined) throw new InvalidStateError(`task ${this.id} is not done`);
    return this.#outcome;
  }

  /** Requests a cancel: CancelledError is raised at the await where the task is suspended. False when it is done. */
  cancel(message?: string): boolean {
    if (this.done()) return false;
    const op = this.#operations.begin('cancel', this.id, () => undefined);
    this.#operations.requests(op)?.cancels.push({ id: this.id, message });
    return true;
  }

  /** As far as this coroutine has been told: between two awaits nothing changes. */
  done(): boolean {
    return this.#outcome !== undefined;
  }

  cancelled(): boolean {
    return this.#outcome?.state === 'cancelled';
  }

  result(): T {
    if (this.state.kind === 'pending') throw new InvalidStateError('Result is not set.');
    if (this.state.kind === 'error') throw this.state.error;
    return this.state.value;
  }

  exception(): unknown {
    if (this.state.kind === 'pending') throw new InvalidStateError('Exception is not set.');
    if (this.state.kind === 'error' && this.state.error instanceof CancelledError) throw this.state.error;
    return this.state.kind === 'error' ? this.state.error : undefined;
  }

  /** The awaiting task was cancelled: this one is too, and its outcome counts (asyncio: Task.cancel of _fut_waiter). */
  override strike(error: CancelledError): void {
    this.#operations.requests()?.cancels.push({ id: this.id, message: error.message || undefined });
  }
}
