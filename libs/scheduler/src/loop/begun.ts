/**
 * Begun: the operations that one run of a coroutine has begun, by their numbers.
 *
 * Owns: numbering them, checking them against the history (L3), who gets the event of a number, and what may still bring
 * one. Does not own: what is asked of the store for them, delivering in order (runner).
 */
import type { HistoryStep } from '../contract/history.ts';
import { childId, isTaskId } from '../contract/ids.ts';
import type { TaskId } from '../contract/task.ts';
import { nonDeterminism } from './non-determinism.ts';
import type { Delivery } from './operations.ts';

export interface BegunBefore {
  /** Operations are numbered from here on. */
  firstOp: number;
  /** All starts that the history holds, in order. */
  starts: readonly Extract<HistoryStep, ['start', ...unknown[]]>[];
}

/** Operations that bring no event. */
const silent: ReadonlySet<string> = new Set(['now', 'random', 'uuid', 'cancel']);
const mostWaits = 32;
const spent = (): void => undefined;

export class Begun {
  readonly #coroutine: string;
  readonly #before: BegunBefore;
  readonly #receivers: ((event: Delivery) => void)[] = [];
  /** Operations that may still bring an event: what each is, or the id of the task that it waits for. */
  #open: Map<number, string> | undefined;
  /** Grows whenever `waits` may have changed. */
  moves = 0;

  constructor(coroutine: string, before: BegunBefore) {
    this.#coroutine = coroutine;
    this.#before = before;
  }

  get count(): number {
    return this.#receivers.length;
  }

  /** A number that no operation of this attempt has, nor a higher one. */
  get nextOp(): number {
    return this.#before.firstOp + Math.max(this.#receivers.length, this.#before.starts.length);
  }

  isRecorded(op: number): boolean {
    return op < this.#before.firstOp + this.#before.starts.length;
  }

  /** Of the operation that begins next; undefined when the history does not know it. */
  get recordedDetail(): string | undefined {
    return this.#before.starts[this.#receivers.length]?.[2];
  }

  /** Its number. @throws NonDeterminismError when the history says otherwise */
  begin(kind: string, detail: string, on: (event: Delivery) => void): number {
    const { firstOp, starts } = this.#before;
    const op = firstOp + this.#receivers.length;
    const expected = starts[this.#receivers.length];
    if (expected !== undefined && (expected[1] !== kind || expected[2] !== detail))
      throw nonDeterminism(this.#coroutine, op, starts, { kind, detail });
    this.#receivers.push(on);
    if (!silent.has(kind)) {
      this.#open ??= new Map();
      this.#open.set(op, kind === 'task' ? detail : kind);
    }
    this.moves += 1;
    return op;
  }

  /** To whom it is for, if that is an operation. */
  deliver(event: Delivery): void {
    this.moves += 1;
    if (event.kind === 'cancel' || event.kind === 'timeout') return;
    this.#open?.delete(event.op);
    const number = event.op - this.#before.firstOp;
    this.#receivers[number]?.(event);
    this.#receivers[number] = spent; // it brings no other, and would keep its outcome in memory
  }

  /** The operation brings no event any more. */
  close(op: number): void {
    this.#open?.delete(op);
    this.moves += 1;
  }

  /** Tasks and groups, if nothing but their ends can bring an event. */
  waits(task: TaskId): TaskId[] | undefined {
    if (this.#open === undefined || this.#open.size === 0 || this.#open.size > mostWaits) return undefined;
    const ids: TaskId[] = [];
    for (const [op, what] of this.#open) {
      if (what === 'createTask' || what === 'gather') ids.push(childId(task, op));
      else if (isTaskId(what)) ids.push(what);
      else return undefined;
    }
    return ids;
  }
}
