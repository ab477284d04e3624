/** Task: the handle on a task of the cluster. Awaiting it gives its result or raises its error. */
import { decode, encode, toError } from '../contract/codec.ts';
import { checkPolicies, type TaskOptions } from '../contract/coroutine.ts';
import { type CancelledError, InvalidStateError } from '../contract/exceptions.ts';
import { childId } from '../contract/ids.ts';
import { longestNote, sized } from '../contract/limits.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import type { TaskId } from '../contract/task.ts';
import type { Coroutine } from './coroutines.ts';
import { Future } from './futures.ts';
import type { Operations } from './operations.ts';

export class Task<T> extends Future<T> {
  readonly id: TaskId;
  readonly name: string | undefined;
  readonly #operations: Operations;
  #outcome: Outcome | undefined;
  readonly #callbacks: (() => void)[] = [];

  private constructor(operations: Operations, id: TaskId, name: string | undefined) {
    super(operations);
    this.#operations = operations;
    this.id = id;
    this.name = name;
    operations.known(this);
  }

  /** A new task. It starts when its creator suspends. */
  static create<T>(operations: Operations, coroutine: Coroutine<T>, options: TaskOptions): Task<T> {
    checkPolicies('createTask', options);
    const { limits } = operations;
    const args = sized(`arguments of ${coroutine.coroutineName}`, encode(coroutine.args), limits.payload, 'payload');
    const kept = operations.keptOptions(options);
    operations.handOut(args);
    const op = operations.begin('createTask', coroutine.coroutineName, (event) => {
      if (event.kind === 'settled') task.#settled(event.outcome);
    });
    const task = new Task<T>(operations, childId(operations.taskId, op), options.name);
    operations.oversights?.given(coroutine);
    operations.oversights?.began(task, `task ${coroutine.coroutineName} ${task.id}`, true);
    operations.requests(op)?.spawns.push({
      id: task.id,
      op,
      coroutine: coroutine.coroutineName,
      args,
      options: kept,
    });
    return task;
  }

  /** A handle on a task that exists. `outcome`: when it is known to be done. */
  static of<T>(operations: Operations, id: TaskId, outcome?: Outcome): Task<T> {
    const task = new Task<T>(operations, id, undefined);
    if (outcome !== undefined) task.#settled(outcome);
    else {
      const op = operations.begin('task', id, (event) => {
        if (event.kind === 'settled') task.#settled(event.outcome);
      });
      operations.oversights?.began(task, `task ${id}`, false);
      operations.requests(op)?.subscriptions.push({ op, id });
    }
    return task;
  }

  #settled(outcome: Outcome): void {
    this.#outcome = outcome;
    if (outcome.state === 'succeeded') this.resolve(decode(outcome.payload) as T);
    else this.reject(toError(decode(outcome.payload) as ErrorValue));
    for (const callback of this.#callbacks.splice(0)) callback();
  }

  /** Requests a cancel: CancelledError is raised at the await where the task is suspended. False when it is done. */
  cancel(message?: string): boolean {
    if (this.done()) return false;
    if (message !== undefined) sized('message of cancel', message, longestNote);
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

  /** @throws InvalidStateError while it is not done, else its error */
  result(): T {
    this.retrieved();
    if (this.state.kind === 'pending') throw new InvalidStateError('Result is not set.');
    if (this.state.kind === 'error') throw this.state.error;
    return this.state.value;
  }

  /** @throws InvalidStateError while it is not done, CancelledError when it was cancelled */
  exception(): unknown {
    this.retrieved();
    if (this.state.kind === 'pending') throw new InvalidStateError('Exception is not set.');
    if (this.state.kind === 'error' && this.cancelled()) throw this.state.error;
    return this.state.kind === 'error' ? this.state.error : undefined;
  }

  /** Called once when this coroutine hears of the end; at once when it has heard already. */
  addDoneCallback(callback: (task: this) => void): void {
    if (this.#outcome === undefined) this.#callbacks.push(() => callback(this));
    else callback(this);
  }

  /** The outcome as data. @throws InvalidStateError while it is not done */
  outcome(): Outcome {
    this.retrieved();
    if (this.#outcome === undefined) throw new InvalidStateError(`task ${this.id} is not done`);
    return this.#outcome;
  }

  /** The awaiting task was cancelled: this one is too, and its outcome counts (asyncio: Task.cancel of _fut_waiter). */
  override strike(error: CancelledError): void {
    this.#operations.requests()?.cancels.push({ id: this.id, message: error.message || undefined });
  }
}
