/**
 * TaskRun: drives one claimed task through its runner until it is settled, handed over or fenced.
 *
 * Owns: when events are delivered, when a turn is committed, holding a slot while the coroutine runs, local timers and
 * side effects. Does not own: what operations mean (loop/), batching of calls (group-commit), the claim (worker).
 *
 * W1. Replay walks the history: a start waits until the coroutine has begun that operation, an event is delivered. What
 *     the inbox holds beyond is delivered after (L1).
 * W2. The requests of a turn are committed before any event that came after them is delivered.
 * W3. A slot is held exactly while user code of this task may run; side effects of steps are user code.
 * W4. After `fenced` nothing more is sent for this run (T2).
 */
import type { Clock } from '../contract/clock.ts';
import { encode, errorValue } from '../contract/codec.ts';
import type { KeptOptions } from '../contract/coroutine.ts';
import { FencedError, NonDeterminismError } from '../contract/exceptions.ts';
import type { HistoryStep, TaskEvent } from '../contract/history.ts';
import { childId, rootOf } from '../contract/ids.ts';
import type { AboutTask, Instrument } from '../contract/instrument.ts';
import type { Limits } from '../contract/limits.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import type { Claim, GroupMembers, ParkAnswer, SettleAnswer, Settlement, Turn, TurnAnswer } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import { traceIdOf } from '../contract/trace.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import type { Delivery } from '../loop/operations.ts';
import type { StepWatch } from '../loop/oversights.ts';
import { Runner } from '../loop/runner.ts';
import { TurnRequests } from '../loop/turn.ts';
import { AttemptLimits, hasTimeLimits } from './attempt-limits.ts';
import { asOffender, type Offender } from './blame.ts';
import { type Ending, endedRun } from './ended-run.ts';
import { Notice } from './notice.ts';
import type { Parking } from './parking.ts';
import { retryAfterMs } from './retry.ts';
import { RunInbox } from './run-inbox.ts';
import { SideEffects } from './side-effects.ts';
import type { Slots } from './slots.ts';
import { Talk } from './talk.ts';
import { Timers } from './timers.ts';

export interface RunHost {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly instrument: Instrument;
  readonly limits: Limits;
  readonly threads: Threads;
  /** In debug mode. */
  readonly watch: StepWatch | undefined;
  commit(turn: Turn): Promise<TurnAnswer>;
  /** Fences the run and lets another worker, or this one, run the task from what is recorded. */
  giveBack(run: TaskRun, reason: string): void;
  settle(settlement: Settlement): Promise<SettleAnswer>;
  /** All outcomes of a group, or only member `index`. */
  members(group: TaskId, index: number | undefined): Promise<GroupMembers>;
  /** Another attempt of a task follows in so many milliseconds. */
  retryLater(task: TaskId, ms: number): void;
  /** The coroutine of the root has ended, tasks of its tree have not. */
  endTree(root: TaskId): Promise<void>;
  /** This worker stops: what suspends goes on elsewhere. */
  readonly draining: boolean;
  /** Who rests here, and for how long. */
  readonly parking: Pick<Parking, 'rests' | 'goesOn'>;
  /** For tests: forget the coroutine at every suspension, and replay it when something happens. */
  readonly alwaysReplay: boolean;
}

/** Logs and progress alone are not worth a call at once; people look at them a few times a second at most. */
const talkDelayMs = 200;
/** What a suspended task still waits for is of use only to find tasks that wait for each other. */
const waitsDelayMs = 1000;

export class TaskRun implements Offender {
  readonly claim: Claim;
  /** For the instrument. */
  readonly about: AboutTask;
  readonly #options: KeptOptions;
  readonly #host: RunHost;
  readonly #fn: AnyCoroutineFunction;
  readonly #limits: AttemptLimits | undefined;
  #runner: Runner;
  readonly #startedAt: number;
  /** What is recorded of this task: before this run, and in this run too if it is replayed here. */
  readonly #history: HistoryStep[];
  #logged: number;
  readonly #inbox: RunInbox;
  #commits: number;
  #requests = new TurnRequests();
  readonly #ownEvents: TaskEvent[] = [];
  readonly #timers: Timers;
  readonly #sideEffects: SideEffects;
  readonly #news = new Notice();
  readonly #talk: Talk;
  #recordedSuspended = false;
  /** `moves` of the runner when the store was told last what the task waits for. */
  #told = 0;
  /** Since when it holds a slot. */
  #slotSince: number | undefined;
  #fenced = false;
  /** An error that the coroutine has let go unhandled. */
  #unhandled: { error: unknown } | undefined;
  #parking: Promise<void> | undefined;
  #ending: Ending = { end: 'left', errorType: undefined, reason: undefined };

  /** The caller has acquired a slot for this run. */
  constructor(claim: Claim, fn: AnyCoroutineFunction, host: RunHost) {
    this.claim = claim;
    this.#options = JSON.parse(claim.options) as KeptOptions;
    const { trace } = this.#options;
    this.about = { id: claim.id, coroutine: claim.coroutine, traceId: trace && traceIdOf(trace) };
    this.#fn = fn;
    this.#host = host;
    this.#history = claim.history.flatMap((entry) => JSON.parse(entry) as HistoryStep[]);
    this.#inbox = new RunInbox(claim.events, host.alwaysReplay);
    this.#talk = new Talk(host.clock, () => this.#news.give());
    this.#commits = claim.commits;
    this.#logged = claim.logged;
    this.#startedAt = host.clock.monotonic();
    this.#slotSince = this.#startedAt;
    this.#timers = new Timers(host.clock, (op) => this.#happened({ kind: 'timer', op }));
    const happened = (event: TaskEvent): void => this.#happened(event);
    const limits = { ...fn.options, ...this.#options };
    this.#limits = hasTimeLimits(limits) ? new AttemptLimits(claim, limits, host.clock, happened) : undefined;
    this.#sideEffects = new SideEffects(`${claim.coroutine} ${claim.id}`, host.threads, host.limits, happened);
    this.#runner = this.#newRunner();
  }

  #newRunner(): Runner {
    const { id, attempt, failures, firstOp } = this.claim;
    const { name, context = [], trace } = this.#options;
    const deadline = this.#limits?.deadline;
    const starts = this.#history.filter((step): step is ['start', string, string] => step[0] === 'start');
    const about = { id, name, context, trace, attempt, failures, deadline, firstOp, logged: this.#logged };
    const task = { ...about, starts, recorded: this.#inbox.steps, watch: this.#host.watch };
    const runner: Runner = new Runner(this.#fn, task, this.#host.clock, this.#host.limits, () => {
      if (runner === this.#runner) this.#news.give();
    });
    return runner;
  }

  blame(error: unknown): void {
    this.#unhandled ??= { error };
    this.#news.give();
  }

  get suspended(): boolean {
    return this.#slotSince === undefined;
  }

  /** For how long the coroutine has been running without a wait; 0 while it is suspended. */
  get slotMs(): number {
    return this.#slotSince === undefined ? 0 : this.#host.clock.monotonic() - this.#slotSince;
  }

  /** How many inbox events this run has: newer ones are news. */
  get known(): number {
    return this.#inbox.known;
  }

  /** Events from number `from` on, as the store gave them. False: some that came before are missing here. */
  receive(from: number, events: readonly TaskEvent[]): boolean {
    const fresh = this.#inbox.receive(from, events);
    if (fresh !== undefined && fresh > 0) this.#news.give();
    return fresh !== undefined;
  }

  /** The claim is lost or was given back: the coroutine hears it by its signal and is dropped. */
  fence(reason: string): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#ending.reason = reason;
    this.#runner.dispose(new FencedError(reason));
    this.#sideEffects.abandon(reason);
    this.#news.give();
  }

  /** It waits for the loop alone, has heard all that came, and the store knows all about it. */
  get parkable(): boolean {
    const { logs, progress } = this.#requests;
    const waits = this.suspended && this.#suspends && !this.#fenced && this.#inbox.allDelivered;
    return waits && logs.length === 0 && progress === undefined;
  }

  /** When a timer of its own ends, by the clock's `monotonic`. */
  get wakesAt(): number {
    return Math.min(this.#timers.next, this.limitAt);
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
      await this.#replay();
      await this.#live();
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#timers.clearAll();
      this.#limits?.clear();
      this.#sideEffects.abandon('the task has ended here');
      this.#talk.clear();
      this.#releaseSlot();
      this.#tellEnd();
    }
  }

  async #replay(): Promise<void> {
    const runner = this.#runner;
    const began = this.#host.clock.monotonic();
    const steps = this.#history.length;
    asOffender(this, () => runner.start(JSON.parse(this.claim.args)));
    await this.#drain();
    let started = 0;
    for (const [kind] of [...this.#history]) {
      if (this.#fenced) return;
      if (kind === 'start') {
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
    const ms = this.#host.clock.monotonic() - began;
    if (steps > 0) this.#host.instrument.replayed?.({ ...this.about, steps, ms });
  }

  async #live(): Promise<void> {
    while (!this.#fenced) {
      while (!this.#inbox.allDelivered && this.#runner.outcome === undefined) await this.#deliver();
      await this.#collect();
      const { outcome } = this.#runner;
      if (outcome !== undefined) return await this.#finish(outcome);
      if (this.#mustCommit()) await this.#commit();
      else await this.#rest();
    }
  }

  async #deliver(): Promise<void> {
    const event = this.#inbox.next();
    const delivery: Delivery = event.kind === 'group' ? { ...event, members: await this.#gathered(event) } : event;
    if (event.kind === 'timer') this.#timers.clear(event.op);
    this.#runner.deliver(delivery);
    await this.#drain();
  }

  async #gathered(event: Extract<TaskEvent, { kind: 'group' }>): Promise<(Outcome | undefined)[]> {
    const group = await this.#host.members(childId(this.claim.id, event.op), event.failed);
    const { outcomes, size, openMs, decidedMs } = group;
    if (!this.#runner.replaying) {
      const failed = event.failed !== undefined;
      this.#host.instrument.gathered?.({ ...this.about, members: size, failed, openMs, fanInMs: decidedMs });
    }
    return outcomes;
  }

  /** Until the coroutine has nothing left to do by itself. */
  async #drain(): Promise<void> {
    do await this.#host.clock.drain();
    while (this.#runner.runSoon());
    this.#runner.drained();
  }

  /** Takes what the coroutine asked for, and starts its side effects: what they do at once goes into the same commit. */
  async #collect(): Promise<void> {
    this.#news.clear();
    if (this.#runner.ready) await this.#drain(); // it went on while the last turn was on its way to the store
    const requests = this.#runner.takeRequests();
    this.#requests.append(requests);
    const effects = this.#requests.sideEffects.splice(0);
    if (effects.length === 0) return;
    for (const { op, effect } of effects) void asOffender(this, () => this.#sideEffects.begin(op, effect));
    await this.#drain();
    this.#requests.append(this.#runner.takeRequests());
  }

  /** An own event: it goes into the inbox with the next commit, and is delivered in its order there. */
  #happened(event: TaskEvent): void {
    this.#ownEvents.push(event);
    this.#news.give();
  }

  get #suspends(): boolean {
    return this.#runner.suspended && !this.#sideEffects.running && this.#ownEvents.length === 0;
  }

  get #waitsHaveChanged(): boolean {
    return this.#recordedSuspended && this.#runner.moves !== this.#told && this.#runner.waits() !== undefined;
  }

  #mustCommit(): boolean {
    if (this.#requests.urgent || this.#ownEvents.length > 0 || this.#suspends !== this.#recordedSuspended) return true;
    const talks = this.#requests.logs.length > 0 || this.#requests.progress !== undefined;
    if (!talks && !this.#waitsHaveChanged) return false;
    return this.#talk.isDue(talks ? talkDelayMs : waitsDelayMs);
  }

  async #commit(ends = false): Promise<void> {
    this.#talk.clear();
    const requests = this.#requests;
    this.#requests = new TurnRequests();
    const events = this.#ownEvents.splice(0);
    const { sideEffects: _, steps, ...effects } = requests;
    const suspended = this.#suspends;
    this.#told = this.#runner.moves;
    this.#commits += 1;
    const known = this.known;
    const wave = `${this.claim.id}:${this.#commits}`;
    const answer = await this.#host.commit({
      ...effects,
      id: this.claim.id,
      token: this.claim.token,
      seq: this.#commits,
      known,
      history: steps.length > 0 ? JSON.stringify(steps) : undefined,
      cancels: effects.cancels.map((cancel) => ({ ...cancel, wave: cancel.wave ?? wave })),
      cancelGroups: effects.cancelGroups.map((cancel) => ({ ...cancel, wave: cancel.wave ?? wave })),
      events,
      suspended,
      ends,
      waits: suspended ? this.#runner.waits() : undefined,
    });
    if (answer.kind === 'fenced') return this.#lost();
    if (answer.kind === 'behind') return this.#host.giveBack(this, 'the store has lost what it knew of it');
    if (this.#host.alwaysReplay) this.#history.push(...steps);
    for (const [what, op] of steps) if (what === 'start') this.#host.instrument.operation?.({ ...this.about, op });
    this.#logged += requests.logs.length;
    this.#recordedSuspended = suspended && answer.events.length === 0;
    for (const { op, ms } of requests.timers) this.#timers.set(op, ms);
    for (const op of requests.clearTimers) this.#timers.clear(op);
    this.receive(known, answer.events);
  }

  /** Nothing to do until something happens; a coroutine that waits for the loop alone gives its slot away (W3). */
  async #rest(): Promise<void> {
    if (!this.#suspends) return await this.#somethingNew();
    const { clock, slots, instrument } = this.#host;
    this.#releaseSlot();
    instrument.taskSuspended?.(this.about);
    if (this.#host.draining) return this.#host.giveBack(this, 'handed over, this worker stops');
    this.#host.parking.rests(this);
    await this.#somethingNew();
    this.#host.parking.goesOn(this);
    await this.#parking;
    if (this.#fenced) return;
    const newsAt = clock.monotonic();
    await slots.acquire();
    this.#slotSince = clock.monotonic();
    instrument.taskResumed?.({ ...this.about, waitedMs: this.#slotSince - newsAt });
    if (this.#host.alwaysReplay) await this.#forget();
  }

  #releaseSlot(): void {
    if (this.#slotSince === undefined) return;
    this.#host.instrument.slotUsed?.({ ...this.about, ms: this.slotMs });
    this.#slotSince = undefined;
    this.#host.slots.release();
  }

  /** Begins again from what is recorded. What was delivered and not recorded yet is delivered again. */
  async #forget(): Promise<void> {
    const forgotten = this.#runner;
    this.#requests = new TurnRequests();
    this.#inbox.rewind();
    this.#runner = this.#newRunner();
    forgotten.dispose(new FencedError(`task ${this.claim.id} is replayed`));
    await this.#replay();
  }

  async #somethingNew(): Promise<void> {
    if (this.#unhandled === undefined) await this.#news.wait();
    if (this.#unhandled !== undefined) throw this.#unhandled.error;
    await this.#drain();
  }

  /** Requests of the last turn take effect before the outcome does. */
  async #finish(outcome: Outcome): Promise<void> {
    if (this.#requests.outward) await this.#commit(this.claim.parent === undefined);
    if (!this.#fenced) await this.#settle(outcome);
    if (!this.#fenced) this.#tellOversights(outcome);
  }

  #tellOversights({ state }: Outcome): void {
    const { oversights } = this.#runner;
    if (oversights === undefined) return;
    const { id } = this.claim;
    const { traceId } = this.about;
    for (const finding of oversights.findings(state, id === rootOf(id)))
      this.#host.instrument.found?.({ ...finding, traceId });
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
    const { id, token, failures } = this.claim;
    const { logs, progress } = this.#requests;
    const { clock, instrument } = this.#host;
    const delayMs = retryAfterMs(this.claim, this.#fn, outcome, clock, this.#limits);
    const retry = delayMs === undefined ? undefined : { ms: delayMs, firstOp: this.#runner.nextOp };
    const answer = await this.#host.settle({ id, token, outcome, retry, logs, progress });
    if (answer.kind === 'fenced') return this.#lost();
    const errorType = outcome.state === 'failed' ? (JSON.parse(outcome.payload) as ErrorValue).type : undefined;
    if (answer.kind === 'retrying' && delayMs !== undefined) {
      this.#ending = { end: 'retried', errorType, reason: undefined };
      this.#host.retryLater(id, delayMs);
      instrument.taskRetried?.({ ...this.about, errorType: errorType ?? '', failures: failures + 1, delayMs });
      return;
    }
    this.#ending = { end: outcome.state, errorType, reason: undefined };
    instrument.taskSettled?.({
      ...this.about,
      state: outcome.state,
      ...(errorType === undefined ? {} : { errorType }),
      ranMs: clock.monotonic() - this.#startedAt,
    });
    if (answer.kind === 'ending') await this.#host.endTree(id);
  }

  #tellEnd(): void {
    const { clock, instrument } = this.#host;
    const { trace } = this.#options;
    if (trace === undefined || instrument.ran === undefined) return;
    const ranMs = clock.monotonic() - this.#startedAt;
    instrument.ran(endedRun(this.claim, trace, this.#ending, clock.now(), ranMs));
  }

  #lost(): void {
    this.fence(`task ${this.claim.id}: another worker has taken over`);
    this.#host.instrument.fenced?.(this.about);
  }
}
