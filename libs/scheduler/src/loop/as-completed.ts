/**
 * asCompleted: tasks in the order in which they end.
 *
 * Like as_completed of CPython 3.13 it can be gone through in two ways. A plain loop gives one awaitable for each task;
 * each gives the result (or the error) of the next task that ends, or TimeoutError once the time is over. A loop with
 * `for await` gives the tasks themselves, done, and raises TimeoutError once the time is over.
 */
import { TimeoutError } from '../contract/exceptions.ts';
import type { Operations } from './operations.ts';
import type { Task } from './tasks.ts';
import { CallLater } from './timers.ts';
import { quiet, Waiter } from './waiter.ts';

export class AsCompleted<T> {
  readonly #operations: Operations;
  readonly #done: Task<T>[] = [];
  readonly #timer: CallLater | undefined;
  readonly #size: number;
  #left: number;
  #expired = false;
  #waiting: Waiter[] = [];

  constructor(operations: Operations, given: Iterable<Task<T>>, timeout: number | null) {
    this.#operations = operations;
    const tasks = new Set(given);
    this.#size = tasks.size;
    this.#left = tasks.size;
    this.#timer =
      timeout === null || tasks.size === 0
        ? undefined
        : new CallLater(operations, 'asCompleted', timeout, () => this.#expire());
    for (const task of tasks) {
      if (task.done()) operations.callSoon(() => this.#completed(task));
      else task.addDoneCallback(() => this.#completed(task));
    }
  }

  #completed(task: Task<T>): void {
    if (this.#expired) return;
    this.#left -= 1;
    this.#done.push(task);
    if (this.#left === 0) this.#timer?.cancel();
    this.#waiting.shift()?.release();
  }

  #expire(): void {
    this.#expired = true;
    for (const waiter of this.#waiting.splice(0)) waiter.release();
  }

  /** In an object, for a promise of a task would be a promise of its result. */
  async #next(): Promise<{ task: Task<T> }> {
    for (;;) {
      const task = this.#done.shift();
      if (task !== undefined) return { task };
      if (this.#expired) throw new TimeoutError('');
      const waiter = new Waiter(this.#operations);
      this.#waiting.push(waiter);
      try {
        await waiter;
      } finally {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
      }
    }
  }

  *[Symbol.iterator](): Generator<Promise<T>> {
    const result = async (): Promise<T> => (await this.#next()).task.result();
    for (let i = 0; i < this.#size; i++) yield quiet(result());
  }

  [Symbol.asyncIterator](): AsyncIterator<Task<T>> {
    let given = 0;
    const next = async (): Promise<IteratorResult<Task<T>>> => {
      if (given === this.#size) return { done: true, value: undefined };
      given += 1;
      return { done: false, value: (await this.#next()).task };
    };
    return { next };
  }
}
