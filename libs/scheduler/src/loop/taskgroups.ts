/**
 * taskGroup: tasks that end together, after CPython's asyncio.TaskGroup (3.13, `cancel` as in 3.15).
 *
 * The first task that fails cancels the others and the body; when all have ended, an ExceptionGroup of all errors is
 * raised. A task that was cancelled on its own is no failure. A cancel from outside that leaves the body, or arrives
 * after it, cancels the tasks and is raised when they have ended, unless there are errors: those have priority.
 */
import type { TaskOptions } from '../contract/coroutine.ts';
import { CancelledError, ExceptionGroup, InvalidStateError } from '../contract/exceptions.ts';
import type { Coroutine } from './coroutines.ts';
import type { Operations } from './operations.ts';
import { Task } from './tasks.ts';
import { Waiter } from './waiter.ts';

export class TaskGroup {
  readonly #operations: Operations;
  readonly #tasks = new Set<Task<unknown>>();
  readonly #errors: Error[] = [];
  #aborting = false;
  #exiting = false;
  #parentCancelRequested = false;
  #completed: Waiter | undefined;

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  createTask<T>(coroutine: Coroutine<T>, options: TaskOptions = {}): Task<T> {
    if (this.#exiting && this.#tasks.size === 0) throw new InvalidStateError('TaskGroup is finished');
    if (this.#aborting) throw new InvalidStateError('TaskGroup is shutting down');
    const task = Task.create(this.#operations, coroutine, options);
    this.#tasks.add(task);
    task.addDoneCallback(() => this.#onDone(task));
    return task;
  }

  /** Cancels the tasks and leaves the block without an error. */
  cancel(): void {
    if (this.#aborting) return;
    this.#abort();
    if (!this.#exiting) this.#cancelParent();
  }

  #onDone(task: Task<unknown>): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0) this.#completed?.release();
    if (task.cancelled()) return;
    const error = task.exception();
    if (error === undefined) return;
    this.#errors.push(error as Error);
    if (this.#aborting || this.#parentCancelRequested) return;
    this.#abort();
    this.#cancelParent();
  }

  #abort(): void {
    this.#aborting = true;
    for (const task of this.#tasks) task.cancel();
  }

  #cancelParent(): void {
    this.#parentCancelRequested = true;
    this.#operations.cancelSelf();
  }

  /** Leaves the block: waits for the tasks, then raises what there is to raise. `error`: what left the body. */
  async exit(raised: boolean, error: unknown): Promise<void> {
    this.#exiting = true;
    let cancelled = error instanceof CancelledError ? error : undefined;
    if (raised && !this.#aborting) this.#abort();
    // The parent may be cancelled while it waits, even several times.
    while (this.#tasks.size > 0) {
      this.#completed = new Waiter(this.#operations);
      try {
        await this.#completed;
      } catch (interrupt) {
        if (!this.#aborting) {
          cancelled = interrupt as CancelledError;
          this.#abort();
        }
      }
      this.#completed = undefined;
    }
    if (this.#parentCancelRequested && this.#operations.uncancel() === 0) cancelled = undefined;
    if (cancelled !== undefined && this.#errors.length === 0) throw cancelled;
    if (raised && !(error instanceof CancelledError)) this.#errors.push(error as Error);
    if (this.#errors.length === 0) return;
    // Cancelled from outside too: the count stays, and the next await is struck.
    if (this.#operations.cancelling > 0) {
      this.#operations.uncancel();
      this.#operations.cancelNext();
    }
    throw new ExceptionGroup('unhandled errors in a TaskGroup', this.#errors);
  }
}

export async function taskGroup<T>(operations: Operations, body: (group: TaskGroup) => PromiseLike<T> | T): Promise<T> {
  const group = new TaskGroup(operations);
  let value: T;
  try {
    value = await body(group);
  } catch (error) {
    await group.exit(true, error);
    return undefined as T; // cancelled by the group itself: the block ends without a value
  }
  await group.exit(false, undefined);
  return value;
}
