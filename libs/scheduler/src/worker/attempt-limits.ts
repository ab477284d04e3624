/**
 * Time limits of one attempt, while its task is claimed here.
 *
 * Owns: whether the attempt begins at all, when it is cancelled, and whether there is time for another. Does not own: what
 * the cancel does (runner, R6), tasks that wait for a worker (the store).
 *
 * All is counted from times of the store, so it is the same for whoever claims the task next: a task whose worker has
 * died, or that was parked, gains no time. While the claim is held a timer here is enough, and a task that ends in time
 * costs the store nothing.
 */
import type { Clock, Timer } from '../contract/clock.ts';
import type { TaskEvent } from '../contract/history.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Claim } from '../contract/store.ts';
import {
  deadlineOf,
  deadlineWave,
  type KeptTimeLimits,
  startBy,
  timeoutError,
  timeoutWave,
} from '../contract/time-limits.ts';

export const hasTimeLimits = (limits: KeptTimeLimits): boolean =>
  (limits.timeout ?? limits.deadline ?? limits.expiresAfter ?? limits.deadlineAt) !== undefined;

export class AttemptLimits {
  /** Of the task and all below it: a time of the store. */
  readonly deadline: number | undefined;
  /** The outcome of an attempt that does not begin: time is over, and nothing is recorded that it would have to clean up. */
  readonly refusal: Outcome | undefined;
  /** It had to start by a time that was over when it was claimed first. */
  readonly #neverStarts: boolean;
  readonly #clock: Clock;
  /** The time of the store, less that of the clock. */
  readonly #ahead: number;
  /** With the time, of the store, at which each is due. */
  readonly #timers = new Map<Timer, number>();

  /** `onOver`: the event for the task. */
  constructor(claim: Claim, limits: KeptTimeLimits, clock: Clock, onOver: (event: TaskEvent) => void) {
    const { id, firstOp, failures, createdAt, startedAt, begunAt, claimedAt, history, events } = claim;
    this.#clock = clock;
    this.#ahead = claimedAt - clock.monotonic();
    this.deadline = deadlineOf(limits, createdAt);
    const cuts = [
      { at: this.deadline, wave: deadlineWave(this.deadline ?? 0) },
      { at: limits.timeout === undefined ? undefined : begunAt + limits.timeout, wave: timeoutWave(id, firstOp) },
    ].flatMap(({ at, wave }) => (at === undefined ? [] : [{ at, wave }]));
    const unbegun = history.length === 0;
    const start = unbegun && failures === 0 ? startBy(limits, createdAt) : undefined;
    const late = start !== undefined && start.at <= startedAt ? start.error : undefined;
    const error = late ?? (unbegun && cuts.some(({ at }) => at <= claimedAt) ? timeoutError : undefined);
    this.#neverStarts = late !== undefined;
    this.refusal = error === undefined ? undefined : { state: 'failed', payload: error };
    const said = new Set(events.map((event) => (event.kind === 'timeout' ? event.wave : undefined)));
    if (this.refusal !== undefined) return;
    for (const { at, wave } of cuts.filter((cut) => !said.has(cut.wave))) {
      const over = (): void => onOver({ kind: 'timeout', wave });
      // Said at once, so that a run that finds its time over cannot be parked before it has told so.
      if (at <= claimedAt) over();
      else this.#set(at - claimedAt, at, over);
    }
  }

  #set(ms: number, at: number, over: () => void): void {
    const timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      over();
    });
    this.#timers.set(timer, at);
  }

  /** When the next of them is over, by the clock's `monotonic`. */
  get next(): number {
    return Math.min(...this.#timers.values()) - this.#ahead;
  }

  /** Whether an attempt that follows in so many milliseconds would begin in time. */
  allowsAnother(afterMs: number): boolean {
    if (this.#neverStarts) return false;
    return this.deadline === undefined || this.#clock.monotonic() + this.#ahead + afterMs < this.deadline;
  }

  clear(): void {
    for (const timer of this.#timers.keys()) timer.cancel();
    this.#timers.clear();
  }
}
