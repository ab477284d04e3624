/**
 * Worker: a session of the cluster that claims tasks and runs them on the local event loop.
 *
 * Owns: the claims of its session and the runs that belong to them; fetching only what it has slots for; telling runs
 * what is new; the periodic sweep and reconcile; handing everything over when it stops. Does not own: how one task runs
 * (run.ts), the order of tasks (the store), what gets ids here (Dispatch).
 *
 * K1. No task is claimed without a free slot, so a busy worker holds nothing that another could run.
 * K2. News is a hint: once a second every run is compared with the store, so a lost hint costs about a second (D1, I5).
 * K3. A session that was given up fences all its runs before it becomes another session (T2).
 */
import type { Clock } from '../contract/clock.ts';
import type { Consumption, Dispatch } from '../contract/dispatch.ts';
import { StoreUnavailableError } from '../contract/exceptions.ts';
import { partitionOf } from '../contract/ids.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { Claim, SessionInfo, SettleAnswer, Settlement, Store, Turn, TurnAnswer } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import { GroupCommit } from './group-commit.ts';
import { Hinter } from './hinter.ts';
import { readMembers } from './members.ts';
import { announcement, registry } from './registry.ts';
import { type RunHost, TaskRun } from './run.ts';
import { Session } from './session.ts';
import { Slots } from './slots.ts';
import { stageMembers } from './stage.ts';
import { Ticker } from './ticker.ts';
import { untilAvailable } from './until-available.ts';

export interface WorkerParts {
  store: Store;
  dispatch: Dispatch;
  clock: Clock;
  instrument: Instrument;
  /** Name of the worker for people; each start adds a suffix of its own. */
  name: string;
  host: string;
  pid: number;
  version: string;
  slots: number;
  coroutines: Iterable<AnyCoroutineFunction>;
  /** Code version of each coroutine, by name. */
  codeVersions: ReadonlyMap<string, string>;
  /** Running tasks get so long to end when the worker stops; then they are handed over. */
  drainMs: number;
}

const roundMs = 1000;
/** A hint that nobody claimed is given out again: soon when nothing is on its way, late when workers are just busy. */
const hintTtlMs = 2000;
const hintTtlBusyMs = 30_000;
const largestPage = 500;

export class Worker {
  readonly #parts: WorkerParts;
  readonly #slots: Slots;
  readonly #hinter: Hinter;
  readonly #commits: GroupCommit<Turn, TurnAnswer>;
  readonly #settles: GroupCommit<Settlement, SettleAnswer>;
  readonly #news: GroupCommit<TaskRun, { known: number; answer: TurnAnswer }>;
  readonly #runs = new Map<TaskId, TaskRun>();
  readonly #driving = new Set<Promise<void>>();
  readonly #rounds: Ticker[] = [];
  #coroutines: Map<string, AnyCoroutineFunction>;
  #announcement: SessionInfo['coroutines'];
  #session: Session;
  #listening: { close(): Promise<void> } | undefined;
  #consumptions: Consumption[] = [];
  #draining = false;
  #claims = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#coroutines = registry(parts.coroutines);
    this.#announcement = announcement(this.#coroutines, parts.codeVersions);
    this.#slots = new Slots(parts.slots);
    this.#hinter = new Hinter(parts.dispatch, parts.instrument, parts.slots);
    const { store, clock } = parts;
    this.#commits = new GroupCommit(clock, async (partition, turns) => {
      const { answers, hints } = await store.commit(partition, turns);
      this.#hinter.send(partition, hints);
      return answers;
    });
    this.#settles = new GroupCommit(clock, async (partition, settlements) => {
      const { answers, hints } = await store.settle(partition, settlements);
      this.#hinter.send(partition, hints);
      return answers;
    });
    this.#news = new GroupCommit(clock, (partition, runs) => this.#receive(partition, runs));
    this.#session = this.#newSession();
  }

  get id(): string {
    return this.#session.info.id;
  }

  statistics(): { slots: number; running: number; suspended: number; draining: boolean } {
    let suspended = 0;
    for (const run of this.#runs.values()) if (run.suspended) suspended += 1;
    return { slots: this.#slots.total, running: this.#runs.size - suspended, suspended, draining: this.#draining };
  }

  async start(): Promise<void> {
    await this.#beginSession();
    const { clock, store, dispatch } = this.#parts;
    for (let partition = 0; partition < store.partitions; partition++) {
      const round = new Ticker(clock, roundMs, () => this.#sweep(partition));
      this.#rounds.push(round);
      round.start();
      const take = (ids: readonly TaskId[]) => this.#take(partition, ids);
      const failed = (error: unknown) => this.#warn('could not fetch ready tasks', error);
      this.#consumptions.push(dispatch.consume(partition, { free: () => this.#slots.waitFree(), take, failed }));
    }
    const reconcile = new Ticker(clock, roundMs, () => this.#reconcile());
    this.#rounds.push(reconcile);
    reconcile.start();
  }

  /** Runs other coroutines from now on; tasks that run already keep the code they started with. */
  async replace(
    coroutines: Iterable<AnyCoroutineFunction>,
    codeVersions: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> {
    const known = registry(coroutines);
    this.#announcement = announcement(known, codeVersions);
    this.#coroutines = known;
    Object.assign(this.#session.info, { coroutines: this.#announcement });
    await this.#parts.store.register(this.#session.info);
  }

  /** Claims no more; hands suspended tasks over at once, running ones when they have had their time. */
  async stop(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    await this.#session.beat();
    await Promise.all(this.#consumptions.map((consumption) => consumption.stop()));
    await this.#handOver([...this.#runs.values()].filter((run) => run.suspended));
    await this.#drained();
    await this.#handOver([...this.#runs.values()]);
    await Promise.all(this.#rounds.map((round) => round.stop()));
    await this.#session.end();
    await this.#each((partition) => this.#parts.store.release(partition, this.id));
    await this.#listening?.close();
  }

  async #drained(): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = this.#parts.clock.setTimer(this.#parts.drainMs, deadline.resolve);
    await Promise.race([Promise.all(this.#driving), deadline.promise]);
    timer.cancel();
  }

  async #handOver(runs: readonly TaskRun[]): Promise<void> {
    for (const run of runs) run.fence(`task ${run.claim.id}: handed over, this worker stops`);
    await this.#each(async (partition) => {
      const ids = runs.map((run) => run.claim.id).filter((id) => this.#partition(id) === partition);
      if (ids.length === 0) return;
      const { hints } = await this.#parts.store.release(partition, this.id, ids);
      this.#hinter.send(partition, hints);
    });
  }

  // --- the session

  #newSession(): Session {
    const { name, host, pid, version, slots, clock, store } = this.#parts;
    const suffix = Buffer.from(clock.random(4)).toString('hex');
    const info = { id: `${name}-${suffix}`, host, pid, version, slots, coroutines: this.#announcement };
    return new Session(info, store, clock, () => this.statistics(), {
      lost: () => void this.#beginAgain(),
      failed: (error) => this.#warn('could not renew the lease', error),
    });
  }

  async #beginSession(): Promise<void> {
    this.#listening = await this.#parts.store.listen(this.id, (ids) => this.#hear(ids));
    await this.#session.begin();
  }

  async #beginAgain(): Promise<void> {
    this.#warn(`the session ${this.id} was given up by the cluster; starting another`, undefined);
    for (const run of this.#runs.values()) run.fence(`task ${run.claim.id}: the session has lost its lease`);
    await this.#listening?.close();
    this.#session = this.#newSession();
    for (;;) {
      try {
        return await this.#beginSession();
      } catch (error) {
        this.#warn('could not begin a session', error);
        await new Promise<void>((resolve) => this.#parts.clock.setTimer(roundMs, resolve));
      }
    }
  }

  // --- tasks

  async #take(partition: number, ids: readonly TaskId[]): Promise<void> {
    const slots = this.#slots.acquireNowait(ids.length);
    let claims: Claim[] = [];
    try {
      const nonce = String(++this.#claims);
      const session = this.id;
      // The same nonce again after a lost answer: a claim that was made must not be forgotten.
      const answer = await untilAvailable(this.#parts.clock, () =>
        this.#parts.store.claim(partition, session, nonce, ids, this.#draining ? 0 : slots),
      );
      claims = answer.claims;
      this.#hinter.send(partition, answer.hints);
    } finally {
      this.#slots.release(slots - claims.length);
    }
    for (const claim of claims) this.#run(claim);
  }

  #run(claim: Claim): void {
    const { clock, instrument } = this.#parts;
    const fn = this.#coroutines.get(claim.coroutine);
    if (fn === undefined) {
      // replace() came between the announcement and the claim
      this.#slots.release();
      void this.#release(claim.id);
      return;
    }
    const run = new TaskRun(claim, fn, this.#host());
    this.#runs.set(claim.id, run);
    const { id, coroutine, attempt } = claim;
    const replayed = claim.history.length > 0;
    instrument.taskStarted?.({
      id,
      coroutine,
      attempt,
      queuedMs: Math.max(0, clock.now() - claim.createdAt),
      replayed,
    });
    const driving = run
      .drive()
      .catch((error: unknown) => this.#abandon(run, error))
      .finally(() => {
        if (this.#runs.get(id) === run) this.#runs.delete(id);
        this.#driving.delete(driving);
      });
    this.#driving.add(driving);
  }

  /** The store refused the outcome of a run for another reason than fencing: let another worker try. */
  async #abandon(run: TaskRun, error: unknown): Promise<void> {
    this.#warn(`task ${run.claim.id} could not be settled`, error);
    run.fence(`task ${run.claim.id}: given back`);
    await this.#release(run.claim.id);
  }

  async #release(id: TaskId): Promise<void> {
    const partition = this.#partition(id);
    try {
      const { hints } = await this.#parts.store.release(partition, this.id, [id]);
      this.#hinter.send(partition, hints);
    } catch (error) {
      this.#warn(`could not give task ${id} back`, error);
    }
  }

  #host(): RunHost {
    const { clock, instrument, store } = this.#parts;
    return {
      clock,
      instrument,
      slots: this.#slots,
      commit: async (turn) => {
        const partition = this.#partition(turn.id);
        return await this.#commits.add(partition, await stageMembers(store, clock, partition, turn));
      },
      settle: (settlement) => this.#settles.add(this.#partition(settlement.id), settlement),
      members: (group, index) => readMembers(store, clock, this.#partition(group), group, index),
      endTree: (root) => this.#endTree(root),
    };
  }

  async #endTree(root: TaskId): Promise<void> {
    const partition = this.#partition(root);
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after;
      const { next, hints } = await untilAvailable(this.#parts.clock, () =>
        this.#parts.store.cancelTree(partition, root, from),
      );
      this.#hinter.send(partition, hints);
      after = next;
    }
  }

  // --- news

  #hear(ids: readonly TaskId[]): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      if (run !== undefined) this.#refresh(run);
    }
  }

  #refresh(run: TaskRun): void {
    this.#news.add(this.#partition(run.claim.id), run).then(
      ({ known, answer }) => {
        if (answer.kind === 'fenced') run.fence(`task ${run.claim.id}: another worker has taken over`);
        else run.receive(known, answer.events);
      },
      (error: unknown) => this.#warn(`could not read the news of task ${run.claim.id}`, error),
    );
  }

  async #receive(partition: number, runs: readonly TaskRun[]): Promise<{ known: number; answer: TurnAnswer }[]> {
    const asked = runs.map((run) => ({ id: run.claim.id, token: run.claim.token, known: run.known }));
    const answers = await this.#parts.store.receive(partition, asked);
    return answers.map((answer, index) => ({ known: asked[index]?.known ?? 0, answer }));
  }

  // --- rounds

  async #reconcile(): Promise<boolean> {
    const runs = [...this.#runs.values()];
    for (let from = 0; from < runs.length; from += largestPage) {
      for (const run of runs.slice(from, from + largestPage)) this.#refresh(run);
      await this.#parts.clock.drain();
    }
    return false;
  }

  async #sweep(partition: number): Promise<boolean> {
    const { store, dispatch, instrument } = this.#parts;
    try {
      const busy = (await dispatch.backlog(partition)) > 0;
      const swept = await store.sweep(partition, busy ? hintTtlBusyMs : hintTtlMs);
      this.#hinter.resize(swept.workers, swept.slots);
      this.#hinter.send(partition, swept.hints);
      instrument.swept?.({ expired: swept.expired, timers: swept.timers, hinted: swept.hints.length });
      return swept.more;
    } catch (error) {
      this.#warn('could not sweep', error);
      return false;
    }
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#parts.store.partitions);
  }

  async #each(work: (partition: number) => Promise<unknown>): Promise<void> {
    const { partitions } = this.#parts.store;
    await Promise.all(Array.from({ length: partitions }, (_, partition) => work(partition)));
  }

  #warn(message: string, error: unknown): void {
    if (!(error instanceof StoreUnavailableError && this.#draining)) this.#parts.instrument.warning?.(message, error);
  }
}
