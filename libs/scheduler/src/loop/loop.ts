/** The loop as a coroutine sees it: asyncio's module-level functions, name by name (docs/asyncio.md). */
import { encode } from '../contract/codec.ts';
import type { TaskOptions } from '../contract/coroutine.ts';
import { isTaskId } from '../contract/ids.ts';
import type { TaskId } from '../contract/task.ts';
import { AsCompleted } from './as-completed.ts';
import type { Context } from './context.ts';
import { Coroutine } from './coroutines.ts';
import type { Future } from './futures.ts';
import { type Awaitable, type Gathered, type GatherOptions, gather } from './gather.ts';
import { type MapOptions, map } from './map.ts';
import type { Runner } from './runner.ts';
import { Shield } from './shield.ts';
import { Sleep } from './sleep.ts';
import { Step } from './step.ts';
import { type TaskGroup, taskGroup } from './taskgroups.ts';
import { Task } from './tasks.ts';
import type { ThreadedFunction } from './threaded.ts';
import { type Timeout, timeout } from './timeouts.ts';
import { ToThread } from './to-thread.ts';
import { type Waited, type WaitOptions, wait, waitFor } from './wait.ts';
import { quiet } from './waiter.ts';

export interface CurrentTask {
  readonly id: TaskId;
  readonly name: string | undefined;
  readonly coroutine: string;
  /** How often a worker has begun to run it. */
  readonly attempt: number;
  /** Attempts of the coroutine that have failed and were retried. */
  readonly failures: number;
  /** When the task and all below it are cancelled: milliseconds since the epoch, by the store's clock. */
  readonly deadline: number | undefined;
  /** How many cancels were requested and not taken back. */
  cancelling(): number;
  /** Takes one back, as who swallows a CancelledError should; answers how many are left. */
  uncancel(): number;
}

export interface Loop {
  /** Schedules the coroutine as a task of its own, on any worker. It starts when this coroutine suspends. */
  createTask<T>(coroutine: Coroutine<T>, options?: TaskOptions): Task<T>;
  /** Runs the members as tasks, on any workers, and gives their results in order; raises the first error in time. */
  gather<const Members extends readonly Awaitable<unknown>[], ReturnExceptions extends boolean = false>(
    members: Members,
    options?: GatherOptions<ReturnExceptions>,
  ): Future<Gathered<Members, ReturnExceptions>>;
  /** Until the first, the first failure or all are done, or the time is over. Cancels nothing. */
  wait<T extends Task<unknown>>(tasks: Iterable<T>, options?: WaitOptions): Promise<Waited<T>>;
  /** The result, or TimeoutError after `ms` milliseconds, when the task has been cancelled and has ended. */
  waitFor<T>(awaitable: Awaitable<T>, ms: number | null): Promise<T>;
  /** Cancels the body after `ms` milliseconds and raises TimeoutError. */
  timeout<T>(ms: number | null, body: (scope: Timeout) => PromiseLike<T> | T): Promise<T>;
  /** Awaits without handing a cancel down. */
  shield<T>(awaitable: Awaitable<T>): Future<T>;
  /** In the order in which they end: `for await` gives done tasks, a plain loop gives awaitables. */
  asCompleted<T>(awaitables: Iterable<Awaitable<T>>, options?: { timeout?: number | null }): AsCompleted<T>;
  /**
   * A stream of work: reads the items one by one, runs `fn(item)` as a task, and yields the results, one window of `limit`
   * tasks at a time. Throws the first error at its place; however it is left, tasks of the window are cancelled and have
   * ended. As with a generator nothing begins before the first `next`.
   * @throws TypeError, RangeError for wrong arguments, at once; PayloadTooLargeError from `next` when the task has begun
   * as many operations as it may (`CORRAL_MAX_OPERATIONS`; each item is one)
   */
  map<Item, T>(
    items: Iterable<Item> | AsyncIterable<Item>,
    fn: (item: Awaited<Item>) => Coroutine<T>,
    options?: MapOptions,
  ): AsyncGenerator<T, void, undefined>;
  /** Tasks that end together: the first failure cancels the others, and all errors come as an ExceptionGroup. */
  taskGroup<T>(body: (group: TaskGroup) => PromiseLike<T> | T): Promise<T>;
  /** Suspends for `ms` milliseconds, however long: the timer lives in the store. */
  sleep(ms: number): Future<null>;
  sleep<T>(ms: number, result: T): Future<T>;
  /** Runs a side effect on this worker and records its result: a replay does not run it again. */
  step<T>(name: string, run: () => T | Promise<T>): Future<T>;
  /** Runs a function off the event loop, on a thread of this worker, and records its result. A cancel ends the thread. */
  toThread<Args extends readonly unknown[], T>(fn: ThreadedFunction<Args, T>, ...args: Args): Future<T>;
  /** A handle on any task of the cluster; awaiting one that does not exist raises LookupError. */
  task<T = unknown>(id: TaskId): Task<T>;
  /** Aborted when the task is cancelled (reason: CancelledError) or has lost its claim (reason: FencedError). */
  readonly signal: AbortSignal;
  /** Appends a JSON value to the log of the task. */
  log(entry: unknown): void;
  /** Shows a JSON value as the progress of the task; the last one counts. */
  progress(value: unknown): void;
  /** Headers for requests to others, who are then part of the trace that this task belongs to: `traceparent`, and
   *  `tracestate` if there is one (W3C Trace Context). Empty without a trace. */
  readonly traceHeaders: Readonly<Record<string, string>>;
  currentTask(): CurrentTask;
  /** Tasks that this coroutine has a handle on and that are not done, as far as it has been told. */
  allTasks(): Task<unknown>[];
  /** Values that children inherit. */
  readonly context: Context;
  /** Milliseconds since the epoch; recorded, so that a replay sees the same. */
  now(): number;
  /** From 0 up to 1; recorded. */
  random(): number;
  /** A random UUID (version 4); recorded. */
  uuid(): string;
}

export class TaskLoop implements Loop {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  createTask<T>(coroutine: Coroutine<T>, options: TaskOptions = {}): Task<T> {
    if (!(coroutine instanceof Coroutine))
      throw new TypeError('createTask: the argument is no coroutine object; call the coroutine first');
    return Task.create(this.#runner, coroutine, options);
  }

  gather<const Members extends readonly Awaitable<unknown>[], ReturnExceptions extends boolean = false>(
    members: Members,
    options: GatherOptions<ReturnExceptions> = {},
  ): Future<Gathered<Members, ReturnExceptions>> {
    return gather(this.#runner, members, options) as Future<unknown> as Future<Gathered<Members, ReturnExceptions>>;
  }

  wait<T extends Task<unknown>>(tasks: Iterable<T>, options: WaitOptions = {}): Promise<Waited<T>> {
    return quiet(wait(this.#runner, tasks, options));
  }

  waitFor<T>(awaitable: Awaitable<T>, ms: number | null): Promise<T> {
    return quiet(waitFor(this.#runner, this.#ensureTask('waitFor', awaitable), ms));
  }

  timeout<T>(ms: number | null, body: (scope: Timeout) => PromiseLike<T> | T): Promise<T> {
    return quiet(timeout(this.#runner, ms, body));
  }

  shield<T>(awaitable: Awaitable<T>): Future<T> {
    return new Shield(this.#runner, this.#ensureTask('shield', awaitable));
  }

  asCompleted<T>(awaitables: Iterable<Awaitable<T>>, options: { timeout?: number | null } = {}): AsCompleted<T> {
    const tasks = new Map<Awaitable<T>, Task<T>>();
    for (const each of awaitables) if (!tasks.has(each)) tasks.set(each, this.#ensureTask('asCompleted', each));
    return new AsCompleted(this.#runner, tasks.values(), options.timeout ?? null);
  }

  map<Item, T>(
    items: Iterable<Item> | AsyncIterable<Item>,
    fn: (item: Awaited<Item>) => Coroutine<T>,
    options: MapOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    return map(this.#runner, items, fn, options);
  }

  taskGroup<T>(body: (group: TaskGroup) => PromiseLike<T> | T): Promise<T> {
    return quiet(taskGroup(this.#runner, body));
  }

  sleep(ms: number): Future<null>;
  sleep<T>(ms: number, result: T): Future<T>;
  sleep<T>(ms: number, result?: T): Future<T | null> {
    return new Sleep<T | null>(this.#runner, ms, result ?? null);
  }

  step<T>(name: string, run: () => T | Promise<T>): Future<T> {
    return new Step(this.#runner, name, run);
  }

  toThread<Args extends readonly unknown[], T>(fn: ThreadedFunction<Args, T>, ...args: Args): Future<T> {
    return new ToThread(this.#runner, fn, args);
  }

  task<T = unknown>(id: TaskId): Task<T> {
    if (!isTaskId(id)) throw new TypeError(`task: ${JSON.stringify(id)} is no task id`);
    return Task.of(this.#runner, id);
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

  get traceHeaders(): Readonly<Record<string, string>> {
    return { ...this.#runner.trace };
  }

  currentTask(): CurrentTask {
    const runner = this.#runner;
    return { ...runner.info, cancelling: () => runner.cancelling, uncancel: () => runner.uncancel() };
  }

  allTasks(): Task<unknown>[] {
    return this.#runner.allTasks();
  }

  get context(): Context {
    return this.#runner.context;
  }

  now(): number {
    return Number(this.#runner.record('now', () => String(this.#runner.sources.now())));
  }

  random(): number {
    const fraction = (): number => Buffer.from(this.#runner.sources.random(6)).readUIntBE(0, 6) / 2 ** 48;
    return Number(this.#runner.record('random', () => String(fraction())));
  }

  uuid(): string {
    return this.#runner.record('uuid', () => uuid4(this.#runner.sources.random(16)));
  }

  #ensureTask<T>(operation: string, awaitable: Awaitable<T>): Task<T> {
    if (awaitable instanceof Task) return awaitable;
    if (awaitable instanceof Coroutine) return Task.create(this.#runner, awaitable, {});
    throw new TypeError(`${operation}: neither a coroutine object nor a task; call the coroutine first`);
  }
}

/** RFC 9562, section 5.4: 122 random bits, the version and the variant. */
function uuid4(random: Uint8Array): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
