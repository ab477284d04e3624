/**
 * Runner: one live run of one coroutine.
 *
 * Owns: what the coroutine awaits, the requests of the current turn, and how the coroutine ended. Does not own: the numbers
 * of operations (begun.ts), which cancel strikes when (cancels.ts: R4 to R6); time, I/O, the store, or when events arrive
 * (worker/run.ts drives it). Most coroutines use little of this, so what is not used costs nothing.
 *
 * R1. Events are delivered by `deliver` only, one at a time, and the driver drains the microtasks in between (L1).
 * R2. No clock and no randomness (L2): the same history gives the same operations, else NonDeterminismError (L3).
 * R3. The task is *suspended* while user code awaits at least one unsettled future of the loop.
 */
import { encode } from '../contract/codec.ts';
import type { TaskOptions } from '../contract/coroutine.ts';
import { CancelledError, type FencedError, InvalidStateError } from '../contract/exceptions.ts';
import { type Limits, largestTurn, longestNote, sized, tooLarge } from '../contract/limits.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { TaskId } from '../contract/task.ts';
import { deadlineWave } from '../contract/time-limits.ts';
import { contextOfTask, type TraceContext } from '../contract/trace.ts';
import { Begun, type BegunBefore } from './begun.ts';
import { Cancels } from './cancels.ts';
import { Context } from './context.ts';
import { type AnyCoroutineFunction, checkArguments } from './coroutines.ts';
import { failure } from './failure.ts';
import type { Awaited } from './futures.ts';
import { TaskLoop } from './loop.ts';
import type { Delivery, Operations } from './operations.ts';
import { Oversights, type StepWatch } from './oversights.ts';
import type { Task } from './tasks.ts';
import { type SideEffect, TurnRequests } from './turn.ts';

export interface RunnerTask extends BegunBefore {
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
  /** Log entries that earlier runs have kept: so many are not kept again. */
  logged: number;
  /** Operations whose side effect has its outcome in the inbox. */
  recorded: ReadonlySet<number>;
  /** In debug mode. */
  watch: StepWatch | undefined;
}

const nothing = (): void => undefined;

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
  /** True until the driver has walked the whole history. */
  replaying: boolean;
  outcome: Outcome | undefined;
  readonly oversights: Oversights | undefined;

  readonly #task: RunnerTask;
  readonly #fn: AnyCoroutineFunction;
  /** Something happened outside of a delivery: an operation began after plain I/O, or the coroutine ended. */
  readonly #onActivity: () => void;
  #context: Context | undefined;
  #tasks: Set<Task<unknown>> | undefined;
  readonly #begun: Begun;
  #awaited: Set<Awaited> | undefined;
  readonly #soon: (() => void)[] = [];
  /** User code that will go on: its future is settled. */
  readonly #wakeups: ((struck: CancelledError | undefined) => void)[] = [];
  #requests: TurnRequests | undefined;
  #logged = 0;
  #loggedBytes = 0;
  /** Of arguments that went out since the last delivery: the same in replay. */
  #handedOut = 0;
  readonly #cancels = new Cancels();
  #disposed = false;

  constructor(fn: AnyCoroutineFunction, task: RunnerTask, sources: Sources, limits: Limits, onActivity: () => void) {
    this.#fn = fn;
    this.#task = task;
    this.#begun = new Begun(fn.coroutineName, task);
    this.taskId = task.id;
    this.sources = sources;
    this.limits = limits;
    this.replaying = task.starts.length > 0;
    this.#onActivity = onActivity;
    this.oversights = task.watch && new Oversights(task.id, fn.coroutineName, fn.definedAt);
  }

  get suspended(): boolean {
    return this.#awaited !== undefined && this.#awaited.size > 0;
  }

  /** Callbacks or awaits are due. */
  get ready(): boolean {
    return this.#soon.length > 0 || this.#wakeups.length > 0;
  }

  get started(): number {
    return this.#begun.count;
  }

  /** A number that no operation of this attempt has, nor a higher one. */
  get nextOp(): number {
    return this.#begun.nextOp;
  }

  /** Grows whenever `waits` may have changed. */
  get moves(): number {
    return this.#begun.moves;
  }

  /** Tasks and groups, if nothing but their ends can bring an event. */
  waits(): TaskId[] | undefined {
    return this.#begun.waits(this.taskId);
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

  get context(): Context {
    this.#context ??= new Context(this.#task.context);
    return this.#context;
  }

  get cancelling(): number {
    return this.#cancels.requested;
  }

  uncancel(): number {
    return this.#cancels.uncancel();
  }

  get signal(): AbortSignal {
    return this.#cancels.signal;
  }

  start(args: unknown): void {
    void this.#watched(() => this.#run(args));
  }

  async #run(args: unknown): Promise<void> {
    try {
      const checked = checkArguments(this.#fn, args);
      const value = await this.#fn.run(new TaskLoop(this), checked instanceof Promise ? await checked : checked);
      this.outcome = this.#succeeded(value);
    } catch (error) {
      this.outcome = this.#failed(error);
    }
    this.#onActivity();
  }

  #watched<T>(code: () => T): T {
    const { watch } = this.#task;
    return watch === undefined || this.oversights === undefined ? code() : watch.run(this.oversights, code);
  }

  #succeeded(value: unknown): Outcome {
    const { unheard } = this.#cancels;
    if (unheard !== undefined) throw unheard;
    const payload = sized(`result of ${this.#fn.coroutineName}`, encode(value), this.limits.payload, 'payload');
    return { state: 'succeeded', payload };
  }

  #failed(error: unknown): Outcome {
    return failure(this.#cancels.meaning(error), this.origin, this.limits);
  }

  get #turn(): TurnRequests {
    this.#requests ??= new TurnRequests();
    return this.#requests;
  }

  // --- Operations, called by the futures that user code makes

  begin(kind: string, detail: string, on: (event: Delivery) => void): number {
    if (this.outcome !== undefined || this.#disposed)
      throw new InvalidStateError(
        `${kind}: the task has ended here, its loop cannot be used any more (${this.taskId})`,
      );
    this.oversights?.reach();
    this.#cancels.goesOn();
    const { operations } = this.limits;
    const begun = this.#begun.count;
    // Who has reached the limit can still end what it has begun.
    if (begun >= operations * (kind === 'cancel' ? 2 : 1))
      throw tooLarge(`operations of ${this.#fn.coroutineName}`, begun + 1, operations, 'operations');
    const op = this.#begun.begin(kind, detail, on);
    if (!this.#begun.isRecorded(op)) this.#turn.steps.push(['start', kind, detail]);
    this.#onActivity();
    return op;
  }

  close(op: number): void {
    this.#begun.close(op);
  }

  /** A value that replay must see again: it stands in the history in place of the detail. */
  record(kind: string, make: () => string): string {
    const value = this.#begun.recordedDetail ?? make();
    this.begin(kind, value, nothing);
    return value;
  }

  keptOptions(options: TaskOptions): string {
    const context = this.#context?.entries() ?? this.#task.context;
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
    this.#tasks ??= new Set();
    this.#tasks.add(task);
    task.addDoneCallback(() => this.#tasks?.delete(task));
  }

  allTasks(): Task<unknown>[] {
    return [...(this.#tasks ?? [])];
  }

  requests(op?: number): TurnRequests | undefined {
    const committed = op === undefined ? this.replaying : this.#begun.isRecorded(op);
    return committed ? undefined : this.#turn;
  }

  sideEffect(op: number, effect: SideEffect): void {
    if (this.#task.recorded.has(op)) return;
    const watched: SideEffect =
      effect.kind === 'step' ? { kind: 'step', run: () => this.#watched(effect.run) } : effect;
    this.#turn.sideEffects.push({ op, effect: watched });
  }

  /** What this turn has created by now starts before the callback, as in the queue of asyncio's loop. */
  callSoon(callback: () => void): void {
    const { spawns, cancels } = this.#turn;
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
    this.#cancels.cancelNext(new CancelledError(message));
  }

  awaiting(future: Awaited): void {
    this.#awaited ??= new Set();
    this.#awaited.add(future);
    this.#onActivity();
    const error = this.#cancels.takeKept();
    if (error !== undefined) future.strike(error);
  }

  settled(future: Awaited, wake: (struck: CancelledError | undefined) => void): void {
    this.#awaited?.delete(future);
    this.#wakeups.push(wake);
    this.#onActivity();
  }

  log(entry: string): void {
    const bytes = this.#loggedBytes + sized('log entry', entry, longestNote).length;
    if (bytes > this.limits.logs) throw tooLarge('log of the task', bytes, this.limits.logs, 'logs');
    this.#loggedBytes = bytes;
    this.#logged += 1;
    if (this.#logged <= this.#task.logged) return;
    this.#turn.logs.push(entry);
    this.#onActivity();
  }

  progress(value: string): void {
    sized('progress', value, longestNote);
    if (this.replaying) return;
    this.#turn.progress = value;
    this.#onActivity();
  }

  // --- called by the driver

  deliver(event: Delivery): void {
    this.#handedOut = 0;
    if (!this.replaying) this.#turn.steps.push(['event']);
    if (event.kind === 'cancel') {
      // Whoever has sent it on was struck by the deadline of this task.
      const { deadline } = this.#task;
      if (deadline !== undefined && event.wave === deadlineWave(deadline)) this.#cancels.timedOut();
      this.#cancelled(event.message, event.wave);
    } else if (event.kind === 'timeout') {
      this.#cancels.timedOut();
      this.#cancelled(undefined, event.wave);
    }
    this.#begun.deliver(event);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakeups.splice(0)) wake(undefined);
  }

  /** What the strike sends on belongs to the same wave. */
  #cancelled(message: string | undefined, wave: string | undefined): void {
    if (this.#cancels.repeats(wave)) return;
    const { cancels, cancelGroups } = this.#turn;
    const [first, firstGroup] = [cancels.length, cancelGroups.length];
    this.#cancel(new CancelledError(message ?? ''));
    for (const sent of [...cancels.slice(first), ...cancelGroups.slice(firstGroup)]) sent.wave = wave;
  }

  #cancel(error: CancelledError): void {
    this.#cancels.cancel(error, () => this.#strike(error));
  }

  #strike(error: CancelledError): boolean {
    if (this.#wakeups.length > 0) {
      // What is about to go on is struck as it does (CPython: `_must_cancel` is thrown by the scheduled `__step`).
      for (const wake of this.#wakeups.splice(0)) wake(error);
      return true;
    }
    const struck = [...(this.#awaited ?? [])];
    for (const future of struck) future.strike(error);
    return struck.length > 0;
  }

  /** Callbacks of callSoon, in their order; false when there was none. The driver drains after each round. */
  runSoon(): boolean {
    if (!this.ready) return false;
    const callbacks = this.#soon.splice(0);
    for (const callback of callbacks) callback();
    const woken = this.#wakeups.length > 0;
    this.#wake();
    return callbacks.length > 0 || woken;
  }

  /** The microtasks after a delivery have run. */
  drained(): void {
    this.#cancels.drained();
  }

  /** Undefined when the coroutine asked for nothing. */
  takeRequests(): TurnRequests | undefined {
    const requests = this.#requests;
    this.#requests = undefined;
    return requests;
  }

  /** The claim is lost: tell the coroutine, and hear nothing of it any more. */
  dispose(reason: FencedError): void {
    this.#disposed = true;
    this.#cancels.dispose(reason);
  }
}
