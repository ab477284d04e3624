/** What is told of one run, from its claim to its end here; most of it is about time. */
import type { Clock } from '../contract/clock.ts';
import type { KeptOptions } from '../contract/coroutine.ts';
import type { HistoryStep } from '../contract/history.ts';
import { rootOf } from '../contract/ids.ts';
import type { AboutTask, Instrument } from '../contract/instrument.ts';
import type { GroupMembers, Outcome } from '../contract/outcome.ts';
import type { Claim } from '../contract/store.ts';
import { type TraceContext, traceIdOf } from '../contract/trace.ts';
import type { Oversights } from '../loop/oversights.ts';
import { type Ending, endedRun } from './ended-run.ts';

const left: Ending = { end: 'left', errorType: undefined, reason: undefined };

export class Report {
  readonly about: AboutTask;
  /** When the run began here, by the clock's `monotonic`. */
  readonly startedAt: number;
  readonly #claim: Claim;
  readonly #trace: TraceContext | undefined;
  readonly #clock: Clock;
  readonly #instrument: Instrument;
  #ending: Ending = left;

  constructor(claim: Claim, { trace }: Readonly<KeptOptions>, clock: Clock, instrument: Instrument) {
    this.about = { id: claim.id, coroutine: claim.coroutine, traceId: trace && traceIdOf(trace) };
    this.startedAt = clock.monotonic();
    this.#claim = claim;
    this.#trace = trace;
    this.#clock = clock;
    this.#instrument = instrument;
  }

  replayed(steps: number, ms: number): void {
    this.#instrument.replayed?.({ ...this.about, steps, ms });
  }

  gathered({ size, openMs, decidedMs }: Omit<GroupMembers, 'outcomes'>, failed: boolean): void {
    this.#instrument.gathered?.({ ...this.about, members: size, failed, openMs, fanInMs: decidedMs });
  }

  committed(steps: readonly HistoryStep[]): void {
    if (this.#instrument.operation === undefined) return;
    for (const [what, op] of steps) if (what === 'start') this.#instrument.operation({ ...this.about, op });
  }

  settled({ state }: Outcome, errorType: string | undefined): void {
    this.#ending = { end: state, errorType, reason: undefined };
    const ranMs = this.#clock.monotonic() - this.startedAt;
    this.#instrument.taskSettled?.({ ...this.about, state, errorType, ranMs });
  }

  retried(errorType: string | undefined, delayMs: number): void {
    this.#ending = { end: 'retried', errorType, reason: undefined };
    const failures = this.#claim.failures + 1;
    this.#instrument.taskRetried?.({ ...this.about, errorType: errorType ?? '', failures, delayMs });
  }

  fenced(reason: string): void {
    this.#ending = { ...this.#ending, reason };
  }

  /** What debug mode has found. */
  forgotten(oversights: Oversights, { state }: Outcome): void {
    const { id, traceId } = this.about;
    for (const finding of oversights.findings(state, id === rootOf(id)))
      this.#instrument.found?.({ ...finding, traceId });
  }

  ended(): void {
    if (this.#trace === undefined || this.#instrument.ran === undefined) return;
    const ranMs = this.#clock.monotonic() - this.startedAt;
    this.#instrument.ran(endedRun(this.#claim, this.#trace, this.#ending, this.#clock.now(), ranMs));
  }
}
