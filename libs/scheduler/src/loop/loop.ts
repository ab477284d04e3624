/** The loop as a coroutine sees it: asyncio's module-level functions, name by name (DESIGN, the loop). */
import { encode } from '../contract/codec.ts';
import type { TaskOptions } from '../contract/coroutine.ts';
import type { TaskId } from '../contract/task.ts';
import type { Coroutine } from './coroutines.ts';
import type { Future } from './futures.ts';
import { type Awaitable, type Gathered, type GatherOptions, gather } from './gather.ts';
import type { Runner } from './runner.ts';
import { Sleep } from './sleep.ts';
import { Step } from './step.ts';
import { Task } from './tasks.ts';

export interface Loop {
  /** Schedules the coroutine as a task of its own, on any worker. It starts when this coroutine suspends. */
  createTask<T>(coroutine: Coroutine<T>, options?: TaskOptions): Task<T>;
  /** Runs the members as tasks, on any workers, and gives their results in order; raises the first error in time. */
  gather<const Members extends readonly Awaitable<unknown>[], ReturnExceptions extends boolean = false>(
    members: Members,
    options?: GatherOptions<ReturnExceptions>,
  ): Future<Gathered<Members, ReturnExceptions>>;
  /** Suspends for `ms` milliseconds, however long: the timer lives in the store. */
  sleep(ms: number): Future<null>;
  sleep<T>(ms: number, result: T): Future<T>;
  /** Runs a side effect on this worker and records its result: a replay does not run it again. */
  step<T>(name: string, run: () => T | Promise<T>): Future<T>;
  /** Aborted when the task is cancelled (reason: CancelledError) or has lost its claim (reason: FencedError). */
  readonly signal: AbortSignal;
  /** Appends a JSON value to the log of the task. */
  log(entry: unknown): void;
  /** Shows a JSON value as the progress of the task; the last one counts. */
  progress(value: unknown): void;
  currentTask(): { id: TaskId; name: string | undefined; coroutine: string; attempt: number };
}

export class TaskLoop implements Loop {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  createTask<T>(coroutine: Coroutine<T>, options: TaskOptions = {}): Task<T> {
    return new Task(this.#runner, coroutine, options);
  }

  gather<const Members extends readonly Awaitable<unknown>[], ReturnExceptions extends boolean = false>(
    members: Members,
    options: GatherOptions<ReturnExceptions> = {},
  ): Future<Gathered<Members, ReturnExceptions>> {
    return gather(this.#runner, members, options) as Future<unknown> as Future<Gathered<Members, ReturnExceptions>>;
  }

  sleep(ms: number): Future<null>;
  sleep<T>(ms: number, result: T): Future<T>;
  sleep<T>(ms: number, result?: T): Future<T | null> {
    return new Sleep<T | null>(this.#runner, ms, result ?? null);
  }

  step<T>(name: string, run: () => T | Promise<T>): Future<T> {
    return new Step(this.#runner, name, run);
  }

  get signal(): AbortSignal {
    return this.#runner.signal;
  }

  log(entry: unknown): void {
    this.#runner.log(encode(entry));
  }

  progress(value: unknown): void {
    this.#runner.progress(encode(value));
  }

  currentTask(): { id: TaskId; name: string | undefined; coroutine: string; attempt: number } {
    return this.#runner.info;
  }
}
