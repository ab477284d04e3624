/**
 * Turns: what the coroutine of one run has asked for, and what has happened to it on this worker, until the store knows.
 *
 * Owns: whether a commit is due, and what it holds. Does not own: sending it, and what follows from the answer (run.ts).
 *
 * U1. Of a member of a gather nothing is recorded while it may end before there is anything to record (adr/0018): what happens
 *     to it on this worker is delivered at once, and it may sleep for `napMs` in all. What it does next to be seen by others, its
 *     next side effect included, waits until all before is recorded.
 * U2. So it is when it asks for a small gather: its members begin here, too, and when they end at once it goes on (adr/0019). It asks
 *     for no second one, and does nothing else but end, before all that is recorded.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskEvent } from '../contract/history.ts';
import type { AskedGroup, AskedTurn, Cancel, Claim } from '../contract/store.ts';
import type { Runner } from '../loop/runner.ts';
import { TurnRequests } from '../loop/turn.ts';
import { Talk } from './talk.ts';

/** Logs and progress alone are not worth a call at once; people look at them a few times a second at most. */
const talkDelayMs = 200;
/** A worker that dies costs a task so much of its sleep; people see it suspended so much later. */
const napMs = 250;
/** What a suspended task still waits for is of use only to find tasks that wait for each other. */
const waitsDelayMs = 1000;

export class Turns {
  readonly #claim: Claim;
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #commits: number;
  #acknowledged: number;
  #requests: TurnRequests | undefined;
  #events: TaskEvent[] = [];
  /** So many of them have been delivered. */
  #early = 0;
  /** The same of the turn that is on its way to the store. */
  #earlyUnderWay = 0;
  /** Until when it may sleep unrecorded, by the clock's `monotonic`; undefined when something is recorded, or must be. */
  #napsUntil: number | undefined;
  /** Whether the store knows that the task is suspended. */
  #recordedSuspended = false;
  /** `moves` of the runner when the store was told last what the task waits for. */
  #told = 0;
  #talk: Talk | undefined;

  /** `onDue`: what could wait has waited long enough. `unrecorded`: nothing of the task is, and nothing need be (U1). */
  constructor(claim: Claim, clock: Clock, unrecorded: boolean, onDue: () => void) {
    this.#claim = claim;
    this.#commits = claim.commits;
    this.#acknowledged = claim.commits;
    this.#clock = clock;
    this.#onDue = onDue;
    this.#napsUntil = unrecorded ? clock.monotonic() + napMs : undefined;
  }

  /** So many turns the store has told that it has. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Since the last commit; undefined for none. */
  get requests(): TurnRequests | undefined {
    return this.#requests;
  }

  /** Takes what the coroutine has asked for since the last time, and answers it. */
  take(runner: Runner): TurnRequests | undefined {
    const requests = runner.takeRequests();
    if (requests !== undefined && !this.#mayWait(requests)) this.mustRecord();
    if (this.#requests === undefined) this.#requests = requests;
    else if (requests !== undefined) this.#requests.append(requests);
    return requests;
  }

  /** U1, U2. */
  #mayWait(later: TurnRequests): boolean {
    return !this.#requests?.outward && (later.inward || later.isOneGather);
  }

  /** A gather whose members may begin here: all that it has asked for since it slept, and waits for (U2). */
  get gatherHere(): AskedGroup | undefined {
    const isFirst = this.#claim.attempt === 1;
    return isFirst && this.isUnrecorded && !this.hasEvents ? this.#requests?.groups[0] : undefined;
  }

  /** Nothing that happens from now on is delivered before it is recorded. */
  mustRecord(): void {
    this.#napsUntil = undefined;
  }

  /** Nothing is recorded, and nothing need be. */
  get isUnrecorded(): boolean {
    return this.#napsUntil !== undefined;
  }

  /** So many events were delivered and are not recorded. */
  get early(): number {
    return this.#early + this.#earlyUnderWay;
  }

  /** Own events that can be delivered at once (U1). */
  deliverable(): TaskEvent[] {
    if (this.#napsUntil === undefined) return [];
    const events = this.#events.slice(this.#early);
    this.#early = this.#events.length;
    return events;
  }

  /** What it waits for ends here, and soon; `lastTimer`: when, by the clock's `monotonic`. */
  #naps(suspends: boolean, lastTimer: () => number | undefined): boolean {
    return suspends && this.#napsUntil !== undefined && (lastTimer() ?? Number.POSITIVE_INFINITY) <= this.#napsUntil;
  }

  /** An own event: it goes into the inbox with the next commit, and is delivered in its order there. */
  happened(event: TaskEvent): void {
    this.#events.push(event);
  }

  /** Some of them were not delivered yet. */
  get hasEvents(): boolean {
    return this.#events.length > this.#early;
  }

  /** What was asked for and is not recorded will be asked for again. */
  forget(): void {
    this.#requests = undefined;
  }

  isDue(runner: Runner, suspends: boolean, lastTimer: () => number | undefined): boolean {
    if (this.#naps(suspends, lastTimer)) return false;
    if (this.#requests?.urgent || this.#events.length > 0 || suspends !== this.#recordedSuspended) return true;
    const talks = this.#requests?.talks ?? false;
    if (!talks && !this.#waitsHaveChanged(runner)) return false;
    this.#talk ??= new Talk(this.#clock, this.#onDue);
    return this.#talk.isDue(talks ? talkDelayMs : waitsDelayMs);
  }

  #waitsHaveChanged(runner: Runner): boolean {
    return this.#recordedSuspended && runner.moves !== this.#told && runner.waits() !== undefined;
  }

  /** The next turn, and the requests that it holds. `remainingMs`: of a timer. */
  next(
    runner: Runner,
    { known, suspended, ends }: Pick<AskedTurn, 'known' | 'suspended'> & { ends: boolean },
    remainingMs: (op: number) => number,
  ): { turn: AskedTurn; requests: TurnRequests } {
    this.clear();
    this.mustRecord();
    const requests = this.#requests ?? new TurnRequests();
    const [events, early] = [this.#events, this.#early];
    const over = new Set(events.slice(0, early).flatMap((event) => (event.kind === 'timer' ? [event.op] : [])));
    this.#requests = undefined;
    this.#events = [];
    [this.#early, this.#earlyUnderWay] = [0, early];
    this.#told = runner.moves;
    this.#commits += 1;
    const { id, token } = this.#claim;
    const wave = `${id}:${this.#commits}`;
    const inWave = (cancel: Cancel): Cancel => ({ ...cancel, wave: cancel.wave ?? wave });
    const { sideEffects: _, steps, ...effects } = requests;
    const turn: AskedTurn = {
      ...effects,
      ...{ id, token, known, events, early, suspended, ends },
      seq: this.#commits,
      timers: effects.timers.filter(({ op }) => !over.has(op)).map(({ op }) => ({ op, ms: remainingMs(op) })),
      history: steps.length > 0 ? JSON.stringify(steps) : undefined,
      cancels: effects.cancels.map(inWave),
      cancelGroups: effects.cancelGroups.map(inWave),
      waits: suspended ? runner.waits() : undefined,
    };
    return { turn, requests };
  }

  /** The store has taken the turn; `news`: and has told of events, so the task goes on. */
  committed(turn: AskedTurn, news: boolean): void {
    this.#acknowledged = turn.seq;
    this.#earlyUnderWay = 0;
    this.#recordedSuspended = turn.suspended && !news;
  }

  /** Nothing waits to be told any more. */
  clear(): void {
    this.#talk?.clear();
  }
}
