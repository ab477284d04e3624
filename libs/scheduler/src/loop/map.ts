/**
 * map: a stream of items, a task for each, the results as a stream. Not in asyncio; after Executor.map with a buffer.
 *
 * Owns: how far it reads ahead, in which order results are handed out, and how it is left. Does not own: items and tasks.
 * P1. At most `limit` tasks exist whose results were not handed out yet. The next item is read only below that, so memory
 *     is bounded however long the stream is, and whoever is slow with the results slows down the reading.
 * P2. A result is handed out when the window is full or the items are at their end, never because it happens to be there.
 *     So what is done next follows from the items and the order in which tasks end, and not from when an item came: a
 *     replay whose items come from plain I/O does the same.
 * P3. However it is left, tasks of the window are cancelled, and it is left when they have ended. A cancel from outside
 *     that comes meanwhile is kept for the next await: `for await` forgets what is raised when a body has thrown.
 */
import type { CancelledError } from '../contract/exceptions.ts';
import { Coroutine } from './coroutines.ts';
import type { Operations } from './operations.ts';
import { Task } from './tasks.ts';
import { Waiter } from './waiter.ts';

export interface MapOptions {
  /** At most so many tasks at once, results that wait for their turn included. 100 by default. */
  limit?: number;
  /** Results in the order of the items (by default), or in the order in which the tasks end. */
  ordered?: boolean;
}

/** The arguments are checked at once; nothing is read and no task made before the first `next`. */
export function map<Item, T>(
  operations: Operations,
  items: Iterable<Item> | AsyncIterable<Item>,
  fn: (item: Awaited<Item>) => Coroutine<T>,
  { limit = 100, ordered = true }: MapOptions,
): AsyncGenerator<T, void, undefined> {
  if (!isIterable(items)) throw new TypeError('map: the items are neither an iterable nor an async iterable');
  if (typeof fn !== 'function')
    throw new TypeError('map: the second argument must be a function that makes a coroutine object of an item');
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`map: limit must be a whole number from 1, not ${String(limit)}`);
  if (typeof ordered !== 'boolean') throw new TypeError(`map: ordered must be true or false, not ${String(ordered)}`);
  return results(new Window<T>(operations, ordered), items, fn, limit);
}

const isIterable = (items: unknown): boolean =>
  items != null && (Symbol.asyncIterator in Object(items) || Symbol.iterator in Object(items));

async function* results<Item, T>(
  window: Window<T>,
  items: Iterable<Item> | AsyncIterable<Item>,
  fn: (item: Awaited<Item>) => Coroutine<T>,
  limit: number,
): AsyncGenerator<T, void, undefined> {
  try {
    for await (const item of items) {
      window.start(fn(item));
      if (window.size === limit) yield await window.next();
    }
    while (window.size > 0) yield await window.next();
  } finally {
    await window.close();
  }
}

/** Tasks whose results were not handed out. */
class Window<T> {
  readonly #operations: Operations;
  readonly #ordered: boolean;
  readonly #tasks = new Set<Task<T>>();
  /** In the order in which they have ended. */
  readonly #ended: Task<T>[] = [];
  #waiter: Waiter | undefined;

  constructor(operations: Operations, ordered: boolean) {
    this.#operations = operations;
    this.#ordered = ordered;
  }

  get size(): number {
    return this.#tasks.size;
  }

  start(coroutine: Coroutine<T>): void {
    if (!(coroutine instanceof Coroutine))
      throw new TypeError('map: what the function makes of an item is no coroutine object');
    const task = Task.create(this.#operations, coroutine, {});
    this.#tasks.add(task);
    task.addDoneCallback(() => {
      if (!this.#ordered) this.#ended.push(task);
      if (this.#due()?.done()) this.#waiter?.release();
    });
  }

  /** The next result. @throws the error of its task */
  async next(): Promise<T> {
    if (!this.#due()?.done()) {
      this.#waiter = new Waiter(this.#operations);
      await this.#waiter;
    }
    const task = this.#due() as Task<T>;
    if (!this.#ordered) this.#ended.shift();
    this.#tasks.delete(task);
    return task.result();
  }

  /** Whose result is handed out next. */
  #due(): Task<T> | undefined {
    return this.#ordered ? this.#tasks.values().next().value : this.#ended[0];
  }

  /** Ends what still runs, and waits for it. */
  async close(): Promise<void> {
    for (const task of this.#tasks) task.cancel();
    let struck: CancelledError | undefined;
    for (const task of this.#tasks)
      while (!task.done()) {
        const ended = new Waiter(this.#operations);
        task.addDoneCallback(() => ended.release());
        try {
          await ended;
        } catch (error) {
          struck = error as CancelledError;
        }
      }
    if (struck === undefined) return;
    this.#operations.uncancel();
    this.#operations.cancelNext(struck.message);
  }
}
