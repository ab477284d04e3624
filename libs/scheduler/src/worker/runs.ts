/**
 * Runs: the tasks that this worker has claimed, from their claim to their end here.
 *
 * Owns: which run belongs to which task, telling runs what is new, calls of many runs sent together. Does not own: how a
 * task runs (run.ts), getting tasks (worker.ts).
 *
 * News is a hint: `reconcile` compares every run with the store, so a lost hint costs no more than the time between two
 * rounds (D1, I5).
 */
import type { Clock } from '../contract/clock.ts';
import { GroupCommit } from '../contract/group-commit.ts';
import { partitionOf } from '../contract/ids.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { Limits } from '../contract/limits.ts';
import {
  type AskedTurn,
  type Claim,
  type ClaimNews,
  isGathering,
  isGrowing,
  type News,
  type ParkAnswer,
  type ParkRequest,
  type SettleAnswer,
  type Settlement,
  type Store,
  type Token,
  type Turn,
  type TurnAnswer,
} from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import type { StepWatch } from '../loop/oversights.ts';
import type { Alarms } from './alarms.ts';
import type { Birth } from './birth.ts';
import type { Claims } from './claims.ts';
import type { Courier } from './courier.ts';
import type { Hinter } from './hinter.ts';
import { readMembers } from './members.ts';
import type { Naps } from './naps.ts';
import { nearTasks } from './near.ts';
import { Notice } from './notice.ts';
import { Parking, type ParkingLimits } from './parking.ts';
import { PatientCommit } from './patient-commit.ts';
import { TaskRun } from './run.ts';
import type { RunHost } from './run-host.ts';
import { RunTable } from './run-table.ts';
import { bytesOfSettlement, bytesOfTurn, itemsOfSettlement } from './sizes.ts';
import type { Slots } from './slots.ts';
import { stageMembers } from './stage.ts';
import { untilAvailable } from './until-available.ts';

export interface RunsParts {
  store: Store;
  clock: Clock;
  instrument: Instrument;
  limits: Limits;
  parking: ParkingLimits;
  threads: Threads;
  watch?: StepWatch | undefined;
  slots: Slots;
  naps: Naps;
  hinter: Hinter;
  courier: Courier;
  claims: Claims;
  /** Gives the claim of a task back; its run has been fenced. Does not fail. */
  release(id: TaskId, reason: string, error?: unknown): void;
  alarms: Alarms;
  /** A coroutine that this worker runs. */
  coroutine(name: string): AnyCoroutineFunction | undefined;
  alwaysReplay?: boolean;
}

const largestPage = 500;

export class Runs implements RunHost {
  readonly clock: Clock;
  readonly instrument: Instrument;
  readonly limits: Limits;
  readonly threads: Threads;
  readonly watch: StepWatch | undefined;
  readonly slots: Slots;
  readonly naps: Naps;
  readonly alwaysReplay: boolean;
  draining = false;
  readonly parking: Parking;
  readonly #store: Store;
  readonly #hinter: Hinter;
  readonly #release: RunsParts['release'];
  readonly #alarms: Alarms;
  readonly #claims: Claims;
  readonly #coroutine: RunsParts['coroutine'];
  readonly #runs = new RunTable();
  /** So many have not ended here yet. */
  #driven = 0;
  readonly #idle = new Notice();
  readonly #commits: GroupCommit<Turn, TurnAnswer>;
  /** Turns that a full store refuses must not hold up the others. */
  readonly #growing: GroupCommit<Turn, TurnAnswer>;
  readonly #settles: GroupCommit<Settlement, SettleAnswer>;
  /** Settlements that a full store refuses. */
  readonly #gathering: GroupCommit<Settlement, SettleAnswer>;
  /** Tasks for slots that are free. */
  readonly askForMore: (partition: number) => Promise<unknown>;
  readonly #news: PatientCommit<TaskRun, { known: number; answer: TurnAnswer }>;

  constructor(parts: RunsParts) {
    const { store, clock, instrument, limits, threads, watch, slots, naps, hinter, courier, claims, alarms, release } =
      parts;
    this.naps = naps;
    const { alwaysReplay = false } = parts;
    this.limits = limits;
    this.#release = release;
    this.#alarms = alarms;
    this.#claims = claims;
    this.#coroutine = parts.coroutine;
    this.alwaysReplay = alwaysReplay;
    this.#store = store;
    this.clock = clock;
    this.instrument = instrument;
    this.threads = threads;
    this.watch = watch;
    this.slots = slots;
    this.#hinter = hinter;
    // Tasks of such a coroutine are to start where they are created.
    const isNear = (name: string): boolean => parts.coroutine(name)?.options.placement === 'near';
    const commit =
      (lane: string) =>
      async (partition: number, turns: readonly Turn[]): Promise<TurnAnswer[]> => {
        const suspended = turns.filter((turn) => turn.suspended).length;
        const { answers, hints, news, mail, ...brought } = await claims.replacing(lane, partition, suspended, (next) =>
          store.commit(partition, turns, next),
        );
        hinter.resize(brought.slots);
        hinter.send(partition, hints, { near: nearTasks(turns, isNear), taken: brought.claims.length });
        this.tell(news);
        courier.carry(partition, mail);
        return answers;
      };
    this.#commits = new GroupCommit(clock, commit('commit'), { bytesOf: bytesOfTurn });
    this.#growing = new GroupCommit(clock, commit('growing'), { bytesOf: bytesOfTurn });
    const settle =
      (lane: string) =>
      async (partition: number, settlements: readonly Settlement[]): Promise<SettleAnswer[]> => {
        const { answers, hints, news, mail } = await claims.following(lane, partition, (next) =>
          store.settle(partition, settlements, next),
        );
        hinter.send(partition, hints);
        this.tell(news);
        courier.carry(partition, mail);
        return answers;
      };
    const sizes = { itemsOf: itemsOfSettlement, bytesOf: bytesOfSettlement };
    this.#settles = new GroupCommit(clock, settle('settle'), sizes);
    this.#gathering = new GroupCommit(clock, settle('gathering'), sizes);
    const settleNone = settle('naps');
    this.askForMore = (partition) => settleNone(partition, []);
    const parks = new PatientCommit<ParkRequest, ParkAnswer>(clock, (partition, runs) => store.park(partition, runs));
    // What it knows is taken down now: what comes before the call goes out must not count as heard.
    this.parking = new Parking(clock, parts.parking, (run) => {
      const { claim, known, limitAt } = run;
      const wakeMs =
        limitAt === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil(limitAt - clock.monotonic()));
      run.park(parks.add(this.#partition(claim.id), { id: claim.id, token: claim.token, known, wakeMs }));
    });
    this.#news = new PatientCommit(clock, (partition, runs) => this.#receive(partition, runs));
  }

  get count(): { running: number; suspended: number } {
    const count = { running: 0, suspended: 0 };
    for (const run of this.#runs.all()) {
      if (run.running) count.running += 1;
      else if (run.suspended) count.suspended += 1;
    }
    return count;
  }

  /** Of all coroutines that hold a slot, for how long the one has that got it first. */
  get longestSlotMs(): number {
    let longest = 0;
    for (const run of this.#runs.all()) longest = Math.max(longest, run.slotMs);
    return longest;
  }

  inPartition(partition: number): number {
    if (this.#store.partitions === 1) return this.#runs.size;
    let count = 0;
    for (const { claim } of this.#runs.all()) if (this.#partition(claim.id) === partition) count += 1;
    return count;
  }

  has(id: TaskId): boolean {
    return this.#runs.get(id) !== undefined;
  }

  ids(which: 'all' | 'suspended'): TaskId[] {
    return this.#runs
      .all()
      .filter((run) => which === 'all' || run.suspended)
      .map((run) => run.claim.id);
  }

  /** Runs a claimed task to its end here. The caller has acquired a slot for it. */
  begin(claim: Claim, fn: AnyCoroutineFunction, birth?: Birth): TaskRun {
    const { attempt } = claim;
    const run = new TaskRun(claim, fn, this, birth);
    this.#runs.set(run);
    const queuedMs = Math.max(0, this.clock.now() - claim.createdAt);
    this.instrument.taskStarted?.({ ...run.about, attempt, queuedMs, replayed: claim.history.length > 0 });
    this.#driven += 1;
    void this.#drive(run);
    return run;
  }

  async #drive(run: TaskRun): Promise<void> {
    const { id } = run.claim;
    try {
      await run.drive();
    } catch (error) {
      run.fence(`task ${id}: given back`);
      this.#release(id, 'it could not be settled', error);
    }
    this.#runs.delete(run);
    this.#driven -= 1;
    if (this.#driven === 0) this.#idle.give();
  }

  /** The claims are lost or were given back: the coroutines hear it by their signals. */
  fence(ids: readonly TaskId[], reason: string): void {
    for (const id of ids) this.#runs.get(id)?.fence(`task ${id}: ${reason}`);
  }

  /** Resolves when no run is left. */
  async ended(): Promise<void> {
    while (this.#driven > 0) await this.#idle.wait();
  }

  /** Events as the store tells them: with an answer, or, late perhaps, for the claim with a token. */
  tell(news: readonly (News | ClaimNews)[]): void {
    for (const { id, from, events, ...rest } of news) {
      const run = this.#runs.get(id);
      if (run === undefined || ('token' in rest && rest.token !== run.claim.token)) continue;
      if (!run.receive(from, events)) void this.#refresh(run);
    }
  }

  hear(ids: readonly TaskId[]): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run !== undefined) void this.#refresh(run);
    }
  }

  async reconcile(): Promise<void> {
    this.parking.relieve();
    const runs = this.#runs.all().filter(({ isBorn }) => isBorn);
    for (let from = 0; from < runs.length; from += largestPage) {
      // One round at a time: while the store is away, questions must not pile up.
      await Promise.all(runs.slice(from, from + largestPage).map((run) => this.#refresh(run)));
    }
  }

  async #refresh(run: TaskRun): Promise<void> {
    const { id } = run.claim;
    try {
      const { known, answer } = await this.#news.add(this.#partition(id), run);
      if (answer.kind === 'fenced') run.fence(`task ${id}: another worker has taken over`);
      else if (answer.kind === 'behind') this.giveBack(run, 'the store has lost what it knew of it');
      else run.receive(known, answer.events);
    } catch (error) {
      this.instrument.warning?.(`could not read the news of task ${id}`, error, run.about);
    }
  }

  async #receive(partition: number, runs: readonly TaskRun[]): Promise<{ known: number; answer: TurnAnswer }[]> {
    const asked = runs.map(({ claim, known, commits }) => ({ id: claim.id, token: claim.token, known, commits }));
    const answers = await this.#store.receive(partition, asked);
    return answers.map((answer, index) => ({ known: asked[index]?.known ?? 0, answer }));
  }

  // --- RunHost: what a run may ask for

  giveBack(run: TaskRun, reason: string): void {
    const { id } = run.claim;
    run.fence(`task ${id}: ${reason}`);
    this.#release(id, reason);
  }

  async commit(turn: AskedTurn): Promise<TurnAnswer> {
    const partition = this.#partition(turn.id);
    const commits = isGrowing(turn) ? this.#growing : this.#commits;
    const staged = await stageMembers(this.#store, this.clock, partition, turn);
    return staged === undefined ? { kind: 'behind' } : await commits.add(partition, staged);
  }

  settle(settlement: Settlement): Promise<SettleAnswer> {
    const settles = isGathering(settlement) ? this.#gathering : this.#settles;
    return settles.add(this.#partition(settlement.id), settlement);
  }

  /** As many again as may run: a slow store must not fill the memory with results. */
  get congested(): boolean {
    return this.#settles.unanswered + this.#gathering.unanswered >= this.slots.total;
  }

  members(group: TaskId, index: number | undefined) {
    return readMembers(this.#store, this.clock, this.#partition(group), group, index);
  }

  newToken(): Token {
    return this.#claims.newToken();
  }

  beginMember(claim: Claim, birth: Birth): TaskRun | undefined {
    const fn = this.#coroutine(claim.coroutine);
    return fn && this.begin(claim, fn, birth);
  }

  retryLater(task: TaskId, ms: number): void {
    this.#alarms.set(this.#partition(task), ms);
  }

  async endTree(root: TaskId): Promise<void> {
    const partition = this.#partition(root);
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after;
      const page = await untilAvailable(this.clock, () => this.#store.cancelTree(partition, root, from));
      this.#hinter.send(partition, page.hints);
      after = page.next;
    }
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#store.partitions);
  }
}
