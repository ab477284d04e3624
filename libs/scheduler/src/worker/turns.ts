/**
 * Turns: what the coroutine of one run has asked for, and what has happened to it on this worker, until the store knows.
 *
 * Owns: whether a commit is due, and what it holds. Does not own: sending it, and what follows from the answer (run.ts).
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskEvent } from '../contract/history.ts';
import type { AskedTurn, Cancel, Claim } from '../contract/store.ts';
import type { Runner } from '../loop/runner.ts';
import { TurnRequests } from '../loop/turn.ts';
import { Talk } from './talk.ts';

/** Logs and progress alone are not worth a call at once; people look at them a few times a second at most. */
const talkDelayMs = 200;
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
  /** Whether the store knows that the task is suspended. */
  #recordedSuspended = false;
  /** `moves` of the runner when the store was told last what the task waits for. */
  #told = 0;
  #talk: Talk | undefined;

  /** `onDue`: what could wait has waited long enough. */
  constructor(claim: Claim, clock: Clock, onDue: () => void) {
    this.#claim = claim;
    this.#commits = claim.commits;
    this.#acknowledged = claim.commits;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** So many turns the store has told that it has. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Since the last commit; undefined for none. */
  get requests(): TurnRequests | undefined {
    return this.#requests;
  }

  /** Takes what the coroutine has asked for since the last time. */
  take(runner: Runner): void {
    const requests = runner.takeRequests();
    if (this.#requests === undefined) this.#requests = requests;
    else if (requests !== undefined) this.#requests.append(requests);
  }

  /** An own event: it goes into the inbox with the next commit, and is delivered in its order there. */
  happened(event: TaskEvent): void {
    this.#events.push(event);
  }

  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  /** What was asked for and is not recorded will be asked for again. */
  forget(): void {
    this.#requests = undefined;
  }

  isDue(runner: Runner, suspends: boolean): boolean {
    if (this.#requests?.urgent || this.hasEvents || suspends !== this.#recordedSuspended) return true;
    const talks = this.#requests?.talks ?? false;
    if (!talks && !this.#waitsHaveChanged(runner)) return false;
    this.#talk ??= new Talk(this.#clock, this.#onDue);
    return this.#talk.isDue(talks ? talkDelayMs : waitsDelayMs);
  }

  #waitsHaveChanged(runner: Runner): boolean {
    return this.#recordedSuspended && runner.moves !== this.#told && runner.waits() !== undefined;
  }

  /** The next turn, and the requests that it holds. */
  next(runner: Runner, known: number, suspended: boolean, ends: boolean): { turn: AskedTurn; requests: TurnRequests } {
    this.clear();
    const requests = this.#requests ?? new TurnRequests();
    const events = this.#events;
    this.#requests = undefined;
    this.#events = [];
    this.#told = runner.moves;
    this.#commits += 1;
    const { id, token } = this.#claim;
    const wave = `${id}:${this.#commits}`;
    const inWave = (cancel: Cancel): Cancel => ({ ...cancel, wave: cancel.wave ?? wave });
    const { sideEffects: _, steps, ...effects } = requests;
    const turn: AskedTurn = {
      ...effects,
      ...{ id, token, known, events, suspended, ends },
      seq: this.#commits,
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
    this.#recordedSuspended = turn.suspended && !news;
  }

  /** Nothing waits to be told any more. */
  clear(): void {
    this.#talk?.clear();
  }
}
