/**
 * TaskRun: drives one claimed task through its runner until it is settled, handed over or fenced.
 *
 * Owns: when events are delivered, when a turn is committed, holding a slot while the coroutine runs, local timers and
 * side effects. Does not own: what operations mean (loop/), what a turn holds (turns.ts), batching of calls
 * (group-commit), the claim (worker). Most tasks never suspend, so what those do not need is made when it is needed.
 *
 * W1. Replay walks the history: a start waits until the coroutine has begun that operation, an event is delivered. What
 *     the inbox holds beyond is delivered after (L1).
 * W2. The requests of a turn are committed before any event that came after them is delivered, but for a member of a gather of
 *     which nothing is recorded yet (turns.ts, U1).
 * W3. A slot is held while user code of this task may run; side effects of steps are user code. What has ended gives it up
 *     before the store knows: the next tasks are claimed while the outcomes of these are on their way.
 * W4. After `fenced` nothing more is sent for this run (T2).
 */
import { encode, errorValue } from '../contract/codec.ts';
import { decodeOptions, type KeptOptions } from '../contract/coroutine.ts';
import { FencedError, NonDeterminismError } from '../contract/exceptions.ts';
import type { HistoryStep, TaskEvent } from '../contract/history.ts';
import { childId } from '../contract/ids.ts';
import type { AboutTask } from '../contract/instrument.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import type { AskedGroup, Claim, NewGroup, ParkAnswer } from '../contract/store.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import type { Delivery } from '../loop/operations.ts';
import { Runner } from '../loop/runner.ts';
import type { SideEffect } from '../loop/turn.ts';
import { AttemptLimits, hasTimeLimits } from './attempt-limits.ts';
import type { Birth } from './birth.ts';
import { asOffender, type Offender } from './blame.ts';
import { withResults } from './members.ts';
import { MembersHere } from './members-here.ts';
import { Notice } from './notice.ts';
import { Report } from './report.ts';
import { retryAfterMs } from './retry.ts';
import type { RunHost } from './run-host.ts';
import { RunInbox } from './run-inbox.ts';
import { RunSlot } from './run-slot.ts';
import { SideEffects } from './side-effects.ts';
import { Timers } from './timers.ts';
import { Turns } from './turns.ts';

const isStart = (step: HistoryStep): step is Extract<HistoryStep, ['start', ...unknown[]]> => step[0] === 'start';

/** Nothing of a member of a gather is recorded until it has asked for something or heard of something. */
const isUnrecorded = ({ member, parent, commits, failures, events }: Claim): boolean =>
  member !== undefined && parent !== undefined && commits === 0 && failures === 0 && events.length === 0;

export class TaskRun implements Offender {
  readonly claim: Claim;
  readonly #options: Readonly<KeptOptions>;
  readonly #host: RunHost;
  readonly #fn: AnyCoroutineFunction;
  readonly #report: Report;
  readonly #limits: AttemptLimits | undefined;
  #runner: Runner;
  /** What is recorded of this task: before this run, and in this run too if it is replayed here. */
  readonly #history: HistoryStep[] = [];
  #logged: number;
  readonly #inbox: RunInbox;
  readonly #turns: Turns;
  readonly #news = new Notice();
  #timers: Timers | undefined;
  #sideEffects: SideEffects | undefined;
  readonly #slot: RunSlot;
  /** News came that could not be taken then. */
  #missed = false;
  /** Its coroutine has ended, and the store does not know yet. */
  #settling = false;
  #fenced = false;
  /** An error that the coroutine has let go unhandled. */
  #unhandled: { error: unknown } | undefined;
  #parking: Promise<void> | undefined;
  readonly #birth: Birth | undefined;
  /** Of a gather that the store does not know of yet. */
  #members: MembersHere | undefined;

  /** The caller has acquired a slot for this run. */
  constructor(claim: Claim, fn: AnyCoroutineFunction, host: RunHost, birth: Birth | undefined) {
    const { clock } = host;
    this.claim = claim;
    this.#birth = birth;
    this.#options = decodeOptions(claim.options);
    this.#fn = fn;
    this.#host = host;
    this.#report = new Report(claim, this.#options, clock, host.instrument);
    this.#slot = new RunSlot(host, this.#report.about, birth, this.#report.startedAt);
    for (const entry of claim.history) this.#history.push(...(JSON.parse(entry) as HistoryStep[]));
    this.#inbox = new RunInbox(claim.events, host.alwaysReplay);
    this.#logged = claim.logged;
    this.#turns = new Turns(claim, clock, isUnrecorded(claim) && !host.alwaysReplay, () => this.#news.give());
    if (hasTimeLimits(fn.options) || hasTimeLimits(this.#options)) {
      const limits = { ...fn.options, ...this.#options };
      this.#limits = new AttemptLimits(claim, limits, clock, (event) => this.#happened(event));
    }
    this.#runner = this.#newRunner();
  }

  #newRunner(): Runner {
    const { id, attempt, failures, firstOp } = this.claim;
    const { name, context = [], trace } = this.#options;
    const runner: Runner = new Runner(
      this.#fn,
      {
        ...{ id, name, context, trace, attempt, failures, firstOp },
        deadline: this.#limits?.deadline,
        logged: this.#logged,
        starts: this.#history.filter(isStart),
        recorded: this.#inbox.steps,
        watch: this.#host.watch,
      },
      this.#host.clock,
      this.#host.limits,
      () => {
        if (runner === this.#runner) this.#news.give();
      },
    );
    return runner;
  }

  /** For the instrument. */
  get about(): AboutTask {
    return this.#report.about;
  }

  blame(error: unknown): void {
    this.#unhandled ??= { error };
    this.#news.give();
  }

  /** The store knows of the task. */
  get isBorn(): boolean {
    return this.#birth?.isKnown() ?? true;
  }

  get running(): boolean {
    return this.#slot.isHeld;
  }

  get suspended(): boolean {
    return !this.running && !this.#settling;
  }

  /** For how long the coroutine has been running without a wait; 0 while it is suspended. */
  get slotMs(): number {
    return this.#slot.heldMs;
  }

  /** How many events of the inbox in the store this run has: newer ones are news. */
  get known(): number {
    return this.#inbox.known - this.#turns.early;
  }

  /** How many turns the store has acknowledged. */
  get commits(): number {
    return this.#turns.acknowledged;
  }

  /** Events from number `from` on, as the store gave them. False: some that came before are missing here. */
  receive(from: number, events: readonly TaskEvent[]): boolean {
    if (events.length > 0) this.#turns.mustRecord();
    if (events.length > 0 && this.#turns.early > 0) {
      // They come after what this run has heard of first, and it has to record that to learn where.
      this.#missed = true;
      this.#news.give();
      return true;
    }
    const fresh = this.#inbox.receive(from, events);
    if (fresh !== undefined && fresh > 0) this.#news.give();
    return fresh !== undefined;
  }

  /** The claim is lost or was given back: the coroutine hears it by its signal and is dropped. */
  fence(reason: string): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#report.fenced(reason);
    this.#runner.dispose(new FencedError(reason));
    this.#sideEffects?.abandon(reason);
    this.#news.give();
  }

  /** It waits for the loop alone, has heard all that came, and the store knows all about it. */
  get parkable(): boolean {
    return (
      this.suspended && this.#suspends && !this.#fenced && this.#inbox.allDelivered && !this.#turns.requests?.talks
    );
  }

  /** When a timer of its own ends, by the clock's `monotonic`. */
  get wakesAt(): number {
    return Math.min(this.#timers?.next ?? Number.POSITIVE_INFINITY, this.limitAt);
  }

  /** When a time limit of its own is over, by the clock's `monotonic`; Infinity when it has none. */
  get limitAt(): number {
    return this.#limits?.next ?? Number.POSITIVE_INFINITY;
  }

  /** Ends here once the store has parked the task. What happens before the answer is here waits for it. */
  park(answer: Promise<ParkAnswer>): void {
    const { id } = this.claim;
    this.#parking = answer.then(
      (decided) => {
        if (decided !== 'news') this.fence(`task ${id}: parked`);
      },
      (error: unknown) => this.#host.instrument.warning?.(`could not park task ${id}`, error, this.about),
    );
  }

  /** Resolves when the task is settled or this run is over for another reason; the slot is free then. */
  async drive(): Promise<void> {
    try {
      if (this.#limits?.refusal !== undefined) return await this.#settle(this.#limits.refusal);
      await this.#start();
      const outcome = await this.#live();
      if (outcome === undefined) return;
      await this.#settle(outcome);
      this.#tellOversights(outcome);
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#timers?.clearAll();
      this.#limits?.clear();
      this.#sideEffects?.abandon('the task has ended here');
      this.#turns.clear();
      this.#gatherDecided(false);
      this.#slot.release();
      this.#report.ended();
    }
  }

  #start(): Promise<void> {
    asOffender(this, () => this.#runner.start(JSON.parse(this.claim.args)));
    return this.#history.length > 0 ? this.#replay() : this.#drain();
  }

  async #replay(): Promise<void> {
    await this.#drain();
    const runner = this.#runner;
    const began = this.#host.clock.monotonic();
    const steps = this.#history.length;
    let started = 0;
    for (const step of [...this.#history]) {
      if (this.#fenced) return;
      if (isStart(step)) {
        started += 1;
        while (runner.started < started && runner.outcome === undefined && !this.#fenced) await this.#somethingNew();
        if (runner.started < started && runner.outcome?.state === 'succeeded')
          throw new NonDeterminismError(
            `${this.claim.coroutine} returned in replay after ${runner.started} operations; when it ran before it began more`,
          );
      } else await this.#deliver();
      if (runner.outcome !== undefined) break;
    }
    runner.replaying = false;
    this.#report.replayed(steps, this.#host.clock.monotonic() - began);
  }

  /** How the coroutine has ended; undefined when the run is over for another reason. */
  async #live(): Promise<Outcome | undefined> {
    while (!this.#fenced) {
      if (!this.#slot.isHeld && !this.#inbox.allDelivered) await this.#slot.acquire(); // a member has it
      while (!this.#inbox.allDelivered && this.#runner.outcome === undefined) await this.#deliver();
      this.#news.clear();
      if (this.#runner.ready) await this.#drain(); // it went on while the last turn was on its way to the store
      this.#take();
      const effects = this.#turns.requests?.sideEffects.splice(0) ?? [];
      if (effects.length > 0) {
        if (this.#turns.early > 0) await this.#commit(); // U1
        if (this.#fenced) return undefined;
        await this.#begin(effects);
      }
      const { outcome } = this.#runner;
      if (outcome !== undefined) {
        // What it asked for last takes effect before the outcome does.
        if (this.#turns.requests?.outward && this.#gatherAlong(outcome) === undefined)
          await this.#commit(this.claim.parent === undefined);
        return outcome;
      }
      const gather = this.#suspends ? this.#turns.gatherHere : undefined;
      if (gather !== undefined) await this.#beginMembers(gather);
      if (this.#host.naps.areTooMany) this.#turns.mustRecord();
      const early = this.#turns.deliverable();
      if (early.length > 0) this.#inbox.receive(this.#inbox.known, early);
      else if (this.#turns.isDue(this.#runner, this.#suspends, () => this.#timers?.last)) await this.#commit();
      else await this.#rest();
    }
    return undefined;
  }

  async #deliver(): Promise<void> {
    const event = this.#inbox.next();
    const delivery: Delivery = event.kind === 'group' ? { ...event, results: await this.#gathered(event) } : event;
    if (event.kind === 'timer') this.#timers?.clear(event.op);
    this.#runner.deliver(delivery);
    await this.#drain();
  }

  async #gathered(event: Extract<TaskEvent, { kind: 'group' }>): Promise<unknown[]> {
    const { told, failed } = event;
    const group =
      told === undefined ? await this.#host.members(childId(this.claim.id, event.op), failed) : withResults(told);
    if (!this.#runner.replaying) this.#report.gathered(group, failed !== undefined);
    return group.results;
  }

  /** Begins the members of a small gather here; often they have ended then (turns.ts, U2). */
  async #beginMembers(gather: AskedGroup): Promise<void> {
    const { clock } = this.#host;
    const members = new MembersHere(this.claim, gather, this.#host);
    this.#members = members;
    const storeNow = this.claim.claimedAt + Math.round(clock.monotonic() - this.#report.startedAt);
    await members.begin(storeNow, () => !this.#fenced && !this.#host.draining && this.#inbox.allDelivered);
    if (members.keepsSlot) this.#slot.handOver();
    const { told } = members;
    if (told === undefined) this.#turns.mustRecord();
    else this.#happened({ kind: 'group', op: gather.op, failed: undefined, told });
  }

  /** All that it has asked for, when that has ended before it did: then the store hears of it with the outcome. */
  #gatherAlong({ state }: Outcome): NewGroup | undefined {
    const { requests } = this.#turns;
    return state === 'succeeded' && requests?.isOneGather && !requests.talks ? this.#members?.whole : undefined;
  }

  /** The store has the gather whose members have begun here, or never will. */
  #gatherDecided(isKnown: boolean): void {
    this.#members?.decided(isKnown);
    this.#members = undefined;
  }

  /** Until the coroutine has nothing left to do by itself. */
  async #drain(): Promise<void> {
    do await this.#host.clock.drain();
    while (this.#runner.runSoon());
    this.#runner.drained();
  }

  /** Starts side effects: what they do at once goes into the same commit. */
  async #begin(effects: readonly { op: number; effect: SideEffect }[]): Promise<void> {
    const { coroutine, id } = this.claim;
    const { threads, limits } = this.#host;
    this.#sideEffects ??= new SideEffects(`${coroutine} ${id}`, threads, limits, (event) => this.#happened(event));
    const running = this.#sideEffects;
    for (const { op, effect } of effects) void asOffender(this, () => running.begin(op, effect));
    await this.#drain();
    this.#take();
  }

  /** What the coroutine has asked for. Its timers run from now on, whenever the store learns of them. */
  #take(): void {
    const { timers = [], clearTimers = [] } = this.#turns.take(this.#runner) ?? {};
    if (timers.length > 0) this.#timers ??= new Timers(this.#host.clock, (op) => this.#happened({ kind: 'timer', op }));
    for (const { op, ms } of timers) this.#timers?.set(op, ms);
    for (const op of clearTimers) this.#timers?.clear(op);
  }

  #happened(event: TaskEvent): void {
    this.#turns.happened(event);
    this.#news.give();
  }

  get #suspends(): boolean {
    const hasNews = this.#turns.hasEvents || !this.#inbox.allDelivered;
    return this.#runner.suspended && !this.#sideEffects?.running && !hasNews;
  }

  async #commit(ends = false): Promise<void> {
    if (!this.isBorn && !(await this.#birthOver())) return;
    const heard = this.#inbox.known;
    const asked = { known: this.known, suspended: this.#suspends, ends };
    const { turn, requests } = this.#turns.next(this.#runner, asked, (op) => this.#timers?.remainingMs(op) ?? 0);
    const answer = await this.#host.commit(turn);
    this.#gatherDecided(answer.kind === 'committed');
    if (answer.kind === 'fenced') return this.#lost();
    if (answer.kind === 'behind') return this.#host.giveBack(this, 'the store has lost what it knew of it');
    if (this.#host.alwaysReplay) this.#history.push(...requests.steps);
    this.#report.committed(requests.steps);
    this.#logged += requests.logs.length;
    this.#turns.committed(turn, answer.events.length > 0);
    this.receive(heard, answer.events);
    if (this.#missed) this.#host.hear([turn.id]);
    this.#missed = false;
  }

  /** Nothing to do until something happens; a coroutine that waits for the loop alone gives its slot away (W3). */
  async #rest(): Promise<void> {
    if (!this.#suspends) return await this.#somethingNew();
    const { instrument } = this.#host;
    this.#slot.release();
    instrument.taskSuspended?.(this.about);
    if (this.#host.draining && (this.isBorn || (await this.#birthOver())))
      return this.#host.giveBack(this, 'handed over, this worker stops');
    const resting = this.#turns.isUnrecorded ? this.#host.naps : this.#host.parking;
    resting.rests(this);
    try {
      await this.#somethingNew();
    } finally {
      resting.goesOn(this);
    }
    await this.#parking;
    if (this.#fenced) return;
    await this.#slot.acquire();
    if (this.#host.alwaysReplay) await this.#forget();
  }

  /** Begins again from what is recorded. What was delivered and not recorded yet is delivered again. */
  async #forget(): Promise<void> {
    const forgotten = this.#runner;
    this.#turns.forget();
    this.#inbox.rewind();
    this.#runner = this.#newRunner();
    forgotten.dispose(new FencedError(`task ${this.claim.id} is replayed`));
    await this.#start();
  }

  async #somethingNew(): Promise<void> {
    if (this.#unhandled === undefined) await this.#news.wait();
    if (this.#unhandled !== undefined) throw this.#unhandled.error;
    await this.#drain();
  }

  #tellOversights(outcome: Outcome): void {
    const { oversights } = this.#runner;
    if (oversights !== undefined && !this.#fenced) this.#report.forgotten(oversights, outcome);
  }

  /** The run itself went wrong: what the coroutine does from now on does not count. */
  async #fail(error: unknown): Promise<void> {
    this.#runner.dispose(new FencedError(`task ${this.claim.id} has failed`));
    await this.#settle({
      state: 'failed',
      payload: encode(errorValue(error, `${this.claim.coroutine} ${this.claim.id}`)),
    });
  }

  async #settle(outcome: Outcome): Promise<void> {
    if (this.#fenced) return;
    this.#settling = true;
    if (!this.#host.congested) this.#slot.release();
    const { id, token } = this.claim;
    const member = this.commits === 0 ? this.claim.member : undefined; // else it has a record, and costs what a record does
    const { logs = [], progress, steps = [] } = this.#turns.requests ?? {};
    const delayMs = retryAfterMs(this.claim, this.#fn, outcome, this.#host.clock, this.#limits);
    const retry = delayMs === undefined ? undefined : { ms: delayMs, firstOp: this.#runner.nextOp };
    const gathered = this.#gatherAlong(outcome);
    const settlement = { id, member, token, outcome, retry, logs, progress, gathered };
    const withBirth = this.#birth?.ends(settlement);
    if (withBirth === undefined && !this.isBorn && !(await this.#birthOver())) return;
    const answer = await (withBirth ?? this.#host.settle(settlement));
    this.#gatherDecided(gathered !== undefined && answer.kind !== 'fenced');
    if (answer.kind === 'fenced') return this.#lost();
    this.#report.committed(steps);
    const errorType = outcome.state === 'failed' ? (JSON.parse(outcome.payload) as ErrorValue).type : undefined;
    if (answer.kind === 'retrying' && delayMs !== undefined) {
      this.#report.retried(errorType, delayMs);
      return this.#host.retryLater(id, delayMs);
    }
    this.#report.settled(outcome, errorType);
    if (answer.kind === 'ending') await this.#host.endTree(id);
  }

  /** Of one that is not born: waits for that; false when it never will be. */
  async #birthOver(): Promise<boolean> {
    if (await this.#birth?.known) return !this.#fenced;
    this.fence(`task ${this.claim.id}: the store will not know of it`);
    return false;
  }

  #lost(): void {
    this.fence(`task ${this.claim.id}: another worker has taken over`);
    this.#host.instrument.fenced?.(this.about);
  }
}
