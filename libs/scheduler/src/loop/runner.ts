/**
 * Runner: one live run of one coroutine.
 *
 * Owns: the numbers of operations, what the coroutine awaits, the requests of the current turn, where a cancel strikes,
 * and how the coroutine ended. Does not own: time, I/O, the store, or when events arrive (worker/run.ts drives it).
 *
 * R1. Events are delivered by `deliver` only, one at a time, and the driver drains the microtasks in between (L1).
 * R2. No clock and no randomness (L2): the same history gives the same operations, else NonDeterminismError (L3).
 * R3. The task is *suspended* while user code awaits at least one unsettled future of the loop.
 * R4. A cancel strikes what is awaited. When nothing is, it is kept and strikes the next await; when the coroutine ends
 *     first, the task ends as cancelled (CPython, Task.__step: `_must_cancel`). A coroutine that awaits plain I/O hears of
 *     it by `loop.signal`: if it acts on that at once, this was the strike.
 * R5. Cancels that are one act in asyncio are one *wave*: those of one turn, of one request from outside, of the end of
 *     a root, and what they send on along awaits. In CPython they meet in one iteration of the loop, where a task that
 *     is cancelled twice gets one CancelledError (Task.cancel, `_must_cancel`); here they may come at any time.
 * R6. A time limit of the task is `asyncio.timeout` around the whole coroutine: it cancels once, and the CancelledError
 *     that leaves the coroutine becomes TimeoutError unless somebody else has cancelled the task too.
 */
import { encode } from '../contract/codec.ts';
import type { TaskOptions } from '../contract/coroutine.ts';
import { CancelledError, type FencedError, InvalidStateError, TimeoutError } from '../contract/exceptions.ts';
import type { HistoryStep } from '../contract/history.ts';
import { childId, isTaskId } from '../contract/ids.ts';
import { type Limits, largestTurn, longestNote, sized, tooLarge } from '../contract/limits.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { TaskId } from '../contract/task.ts';
import { deadlineWave } from '../contract/time-limits.ts';
import { contextOfTask, type TraceContext } from '../contract/trace.ts';
import { Context } from './context.ts';
import { type AnyCoroutineFunction, checkArguments } from './coroutines.ts';
import { failure } from './failure.ts';
import type { Awaited } from './futures.ts';
import { TaskLoop } from './loop.ts';
import { nonDeterminism } from './non-determinism.ts';
import type { Delivery, Operations } from './operations.ts';
import { Oversights, type StepWatch } from './oversights.ts';
import type { Task } from './tasks.ts';
import { type SideEffect, TurnRequests } from './turn.ts';

export interface RunnerTask {
  id: TaskId;
  name: string | undefined;
  /** What it inherits. */
  context: readonly [string, unknown][];
  trace: TraceContext | undefined;
  attempt: number;
  /** Attempts of the coroutine that have failed before this one. */
  failures: number;
  /** Of the task and all below it: a time of the store. */
  deadline: number | undefined;
  /** Operations are numbered from here on. */
  firstOp: number;
  /** Log entries that earlier runs have kept: so many are not kept again. */
  logged: number;
  /** All starts that the history holds, in order. */
  starts: readonly Extract<HistoryStep, ['start', ...unknown[]]>[];
  /** Operations whose side effect has its outcome in the inbox. */
  recorded: ReadonlySet<number>;
  /** In debug mode. */
  watch: StepWatch | undefined;
}

/** Operations that bring no event. */
const silent: ReadonlySet<string> = new Set(['now', 'random', 'uuid', 'cancel']);
const mostWaits = 32;
const spent = (): void => undefined;

/** Where the loop gets what it must not make itself; each value is recorded. */
export interface Sources {
  /** Milliseconds since the epoch. */
  now(): number;
  random(bytes: number): Uint8Array;
}

export class Runner implements Operations {
  readonly taskId: TaskId;
  readonly sources: Sources;
  readonly limits: Limits;
  readonly context: Context;
  /** True until the driver has walked the whole history. */
  replaying: boolean;
  outcome: Outcome | undefined;
  readonly oversights: Oversights | undefined;

  readonly #task: RunnerTask;
  readonly #fn: AnyCoroutineFunction;
  /** Something happened outside of a delivery: an operation began after plain I/O, or the coroutine ended. */
  readonly #onActivity: () => void;
  readonly #tasks = new Set<Task<unknown>>();
  readonly #receivers: ((event: Delivery) => void)[] = [];
  /** Operations that may still bring an event: what each is, or the id of the task that it waits for. */
  readonly #open = new Map<number, string>();
  /** Grows whenever `waits` may have changed. */
  moves = 0;
  readonly #awaited = new Set<Awaited>();
  readonly #soon: (() => void)[] = [];
  /** User code that will go on: its future is settled. */
  readonly #wakeups: ((struck: CancelledError | undefined) => void)[] = [];
  #requests = new TurnRequests();
  #logged = 0;
  #loggedBytes = 0;
  /** Of arguments that went out since the last delivery: the same in replay. */
  #handedOut = 0;
  #abort = new AbortController();
  #signalTaken = false;
  #mustCancel: CancelledError | undefined;
  readonly #waves = new Set<string>();
  #signalled = false;
  #cancelling = 0;
  /** How many of those cancels a time limit of this task has sent. */
  #timeouts = 0;
  #disposed = false;

  constructor(fn: AnyCoroutineFunction, task: RunnerTask, sources: Sources, limits: Limits, onActivity: () => void) {
    this.#fn = fn;
    this.#task = task;
    this.taskId = task.id;
    this.sources = sources;
    this.limits = limits;
    this.context = new Context(task.context);
    this.replaying = task.starts.length > 0;
    this.#onActivity = onActivity;
    this.oversights = task.watch && new Oversights(task.id, fn.coroutineName, fn.definedAt);
  }

  get suspended(): boolean {
    return this.#awaited.size > 0;
  }

  /** Callbacks or awaits are due. */
  get ready(): boolean {
    return this.#soon.length > 0 || this.#wakeups.length > 0;
  }

  get started(): number {
    return this.#receivers.length;
  }

  /** A number that no operation of this attempt has, nor a higher one. */
  get nextOp(): number {
    return this.#task.firstOp + Math.max(this.#receivers.length, this.#task.starts.length);
  }

  get info(): Pick<RunnerTask, 'id' | 'name' | 'attempt' | 'failures' | 'deadline'> & { coroutine: string } {
    const { id, name, attempt, failures, deadline } = this.#task;
    return { id, name, coroutine: this.#fn.coroutineName, attempt, failures, deadline };
  }

  /** What a request of this task carries on. */
  get trace(): TraceContext | undefined {
    return this.#task.trace && contextOfTask(this.#task.trace, this.taskId);
  }

  get origin(): string {
    return `${this.#fn.coroutineName} ${this.taskId}`;
  }

  get cancelling(): number {
    return this.#cancelling;
  }

  uncancel(): number {
    if (this.#cancelling > 0) this.#cancelling -= 1;
    if (this.#cancelling === 0) this.#mustCancel = undefined; // CPython 3.13: with the last one, what is still to strike
    return this.#cancelling;
  }

  get signal(): AbortSignal {
    this.#signalTaken = true;
    return this.#abort.signal;
  }

  start(args: unknown): void {
    const run = async (): Promise<unknown> => {
      const checked = checkArguments(this.#fn, args);
      return await this.#fn.run(new TaskLoop(this), checked instanceof Promise ? await checked : checked);
    };
    this.#watched(run).then(
      (value) => this.#end(() => this.#succeeded(value)),
      (error: unknown) => this.#end(() => this.#failed(error)),
    );
  }

  #watched<T>(code: () => T): T {
    const { watch } = this.#task;
    return watch === undefined || this.oversights === undefined ? code() : watch.run(this.oversights, code);
  }

  #end(outcome: () => Outcome): void {
    this.outcome = outcome();
    this.#onActivity();
  }

  #succeeded(value: unknown): Outcome {
    if (this.#mustCancel !== undefined && !this.#signalled) return this.#failed(this.#mustCancel);
    try {
      const payload = sized(`result of ${this.#fn.coroutineName}`, encode(value), this.limits.payload, 'payload');
      return { state: 'succeeded', payload };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Outcome {
    const own = this.#timeouts > 0 && this.#cancelling <= this.#timeouts && error instanceof CancelledError;
    return failure(own ? new TimeoutError('', { cause: error }) : error, this.origin, this.limits);
  }

  // --- Operations, called by the futures that user code makes

  begin(kind: string, detail: string, on: (event: Delivery) => void): number {
    if (this.outcome !== undefined || this.#disposed)
      throw new InvalidStateError(
        `${kind}: the task has ended here, its loop cannot be used any more (${this.taskId})`,
      );
    this.oversights?.reach();
    if (this.#signalled) this.#mustCancel = undefined;
    const { operations } = this.limits;
    const begun = this.#receivers.length;
    // Who has reached the limit can still end what it has begun.
    if (begun >= operations * (kind === 'cancel' ? 2 : 1))
      throw tooLarge(`operations of ${this.#fn.coroutineName}`, begun + 1, operations, 'operations');
    const op = this.#task.firstOp + begun;
    const expected = this.#task.starts[begun];
    if (expected !== undefined && (expected[1] !== kind || expected[2] !== detail))
      throw nonDeterminism(this.#fn.coroutineName, op, this.#task.starts, { kind, detail });
    this.#receivers.push(on);
    if (!silent.has(kind)) this.#open.set(op, kind === 'task' ? detail : kind);
    this.moves += 1;
    if (expected === undefined) this.#requests.steps.push(['start', kind, detail]);
    this.#onActivity();
    return op;
  }

  close(op: number): void {
    this.#open.delete(op);
    this.moves += 1;
  }

  /** Tasks and groups, if nothing but their ends can bring an event. */
  waits(): TaskId[] | undefined {
    if (this.#open.size === 0 || this.#open.size > mostWaits) return undefined;
    const ids: TaskId[] = [];
    for (const [op, what] of this.#open) {
      if (what === 'createTask' || what === 'gather') ids.push(childId(this.taskId, op));
      else if (isTaskId(what)) ids.push(what);
      else return undefined;
    }
    return ids;
  }

  /** A value that replay must see again: it stands in the history in place of the detail. */
  record(kind: string, make: () => string): string {
    const value = this.#task.starts[this.#receivers.length]?.[2] ?? make();
    this.begin(kind, value, () => undefined);
    return value;
  }

  keptOptions(options: TaskOptions): string {
    const context = this.context.entries();
    const { trace, deadline: deadlineAt } = this.#task;
    const inherits = context.length > 0 || trace !== undefined || deadlineAt !== undefined;
    const inherited = { context: context.length > 0 ? context : undefined, trace, deadlineAt };
    const kept = encode(inherits ? { ...options, ...inherited } : options);
    return sized('name and context of a task', kept, longestNote);
  }

  handOut(args: string): void {
    const bytes = this.#handedOut + args.length;
    if (bytes > largestTurn) throw tooLarge('arguments of new tasks, between two awaits', bytes, largestTurn, 'turn');
    this.#handedOut = bytes;
  }

  known(task: Task<unknown>): void {
    this.#tasks.add(task);
    task.addDoneCallback(() => this.#tasks.delete(task));
  }

  allTasks(): Task<unknown>[] {
    return [...this.#tasks];
  }

  requests(op?: number): TurnRequests | undefined {
    const committed = op === undefined ? this.replaying : op < this.#task.firstOp + this.#task.starts.length;
    return committed ? undefined : this.#requests;
  }

  sideEffect(op: number, effect: SideEffect): void {
    if (this.#task.recorded.has(op)) return;
    const watched: SideEffect =
      effect.kind === 'step' ? { kind: 'step', run: () => this.#watched(effect.run) } : effect;
    this.#requests.sideEffects.push({ op, effect: watched });
  }

  /** What this turn has created by now starts before the callback, as in the queue of asyncio's loop. */
  callSoon(callback: () => void): void {
    const { spawns, cancels } = this.#requests;
    const created = new Set(spawns.map(({ id }) => id));
    this.#soon.push(() => {
      const first = cancels.length;
      callback();
      for (const cancel of cancels.slice(first)) if (created.has(cancel.id)) cancel.afterStart = true;
    });
    this.#onActivity();
  }

  cancelSelf(message = ''): void {
    this.#cancel(new CancelledError(message));
  }

  cancelNext(message = ''): void {
    this.#cancelling += 1;
    this.#mustCancel = new CancelledError(message);
  }

  awaiting(future: Awaited): void {
    this.#awaited.add(future);
    this.#onActivity();
    const error = this.#mustCancel;
    if (error === undefined) return;
    this.#mustCancel = undefined;
    if (!this.#signalled) future.strike(error);
  }

  settled(future: Awaited, wake: (struck: CancelledError | undefined) => void): void {
    this.#awaited.delete(future);
    this.#wakeups.push(wake);
    this.#onActivity();
  }

  log(entry: string): void {
    const bytes = this.#loggedBytes + sized('log entry', entry, longestNote).length;
    if (bytes > this.limits.logs) throw tooLarge('log of the task', bytes, this.limits.logs, 'logs');
    this.#loggedBytes = bytes;
    this.#logged += 1;
    if (this.#logged <= this.#task.logged) return;
    this.#requests.logs.push(entry);
    this.#onActivity();
  }

  progress(value: string): void {
    sized('progress', value, longestNote);
    if (this.replaying) return;
    this.#requests.progress = value;
    this.#onActivity();
  }

  // --- called by the driver

  deliver(event: Delivery): void {
    this.#handedOut = 0;
    if (!this.replaying) this.#requests.steps.push(['event']);
    this.moves += 1;
    if (event.kind === 'cancel') {
      // Whoever has sent it on was struck by the deadline of this task.
      const { deadline } = this.#task;
      if (deadline !== undefined && event.wave === deadlineWave(deadline)) this.#timeouts += 1;
      this.#cancelled(event.message, event.wave);
    } else if (event.kind === 'timeout') {
      this.#timeouts += 1;
      this.#cancelled(undefined, event.wave);
    } else {
      this.#open.delete(event.op);
      const number = event.op - this.#task.firstOp;
      this.#receivers[number]?.(event);
      this.#receivers[number] = spent; // it brings no other, and would keep its outcome in memory
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakeups.splice(0)) wake(undefined);
  }

  /** What the strike sends on belongs to the same wave; a second cancel of a wave counts and strikes nothing. */
  #cancelled(message: string | undefined, wave: string | undefined): void {
    if (wave !== undefined && this.#waves.has(wave)) {
      this.#cancelling += 1;
      return;
    }
    if (wave !== undefined) this.#waves.add(wave);
    const { cancels, cancelGroups } = this.#requests;
    const [first, firstGroup] = [cancels.length, cancelGroups.length];
    this.#cancel(new CancelledError(message ?? ''));
    for (const sent of [...cancels.slice(first), ...cancelGroups.slice(firstGroup)]) sent.wave = wave;
  }

  #cancel(error: CancelledError): void {
    this.#cancelling += 1;
    const abort = this.#abort;
    this.#abort = new AbortController(); // cleaning up may do I/O of its own
    const taken = this.#signalTaken;
    this.#signalTaken = false;
    if (this.#wakeups.length > 0) {
      // What is about to go on is struck as it does (CPython: `_must_cancel` is thrown by the scheduled `__step`).
      for (const wake of this.#wakeups.splice(0)) wake(error);
    } else if (this.#awaited.size > 0) {
      for (const future of [...this.#awaited]) future.strike(error);
    } else {
      this.#mustCancel = error;
      this.#signalled = taken;
    }
    abort.abort(error);
  }

  /** Callbacks of callSoon, in their order; false when there was none. The driver drains after each round. */
  runSoon(): boolean {
    const callbacks = this.#soon.splice(0);
    for (const callback of callbacks) callback();
    const woken = this.#wakeups.length > 0;
    this.#wake();
    return callbacks.length > 0 || woken;
  }

  /** The microtasks after a delivery have run: a cancel that nobody acted on by now strikes the next await. */
  drained(): void {
    this.#signalled = false;
  }

  takeRequests(): TurnRequests {
    const requests = this.#requests;
    this.#requests = new TurnRequests();
    return requests;
  }

  /** The claim is lost: tell the coroutine, and hear nothing of it any more. */
  dispose(reason: FencedError): void {
    this.#disposed = true;
    this.#abort.abort(reason);
  }
}
