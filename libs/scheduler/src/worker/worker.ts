/**
 * Worker: a session of the cluster that claims tasks and runs them on the local event loop.
 *
 * Owns: its session, fetching what it has slots for and no more, handing everything over when it
 * stops. Does not own: the runs themselves (runs.ts, run.ts), the order of tasks (the store), what brings ids (Dispatch).
 *
 * K2. A session that was given up fences all its runs before it becomes another session (T2).
 * K3. What the store counts as claimed here and nobody here runs is given back (strays.ts).
 */
import type { Clock } from '../contract/clock.ts';
import type { Consumption, Dispatch } from '../contract/dispatch.ts';
import { StoreUnavailableError } from '../contract/exceptions.ts';
import { GroupCommit } from '../contract/group-commit.ts';
import type { Heartbeat } from '../contract/heartbeat.ts';
import { partitionOf } from '../contract/ids.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { Limits } from '../contract/limits.ts';
import type { Claim, SessionInfo, Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import type { StepWatch } from '../loop/oversights.ts';
import { Alarms } from './alarms.ts';
import { Claims } from './claims.ts';
import { Courier } from './courier.ts';
import { Hinter } from './hinter.ts';
import { Intake, type IntakeParts } from './intake.ts';
import { Naps } from './naps.ts';
import type { ParkingLimits } from './parking.ts';
import { announcement, registry } from './registry.ts';
import { Runs } from './runs.ts';
import { Session } from './session.ts';
import { Slots } from './slots.ts';
import { Strays } from './strays.ts';
import { Sweeper } from './sweeper.ts';
import { Ticker } from './ticker.ts';
import { untilAvailable } from './until-available.ts';

export interface WorkerParts {
  store: Store;
  dispatch: Dispatch;
  clock: Clock;
  heartbeat: Heartbeat;
  instrument: Instrument;
  limits: Limits;
  parking: ParkingLimits;
  /** Closed when the worker stops. */
  threads: Threads;
  /** In debug mode. */
  watch?: StepWatch | undefined;
  /** Name of the worker for people; each start adds a suffix of its own. */
  name: string;
  host: string;
  pid: number;
  version: string;
  slots: number;
  coroutines: Iterable<AnyCoroutineFunction>;
  /** Coroutines that every worker has, whatever it loads. */
  builtIn: readonly AnyCoroutineFunction[];
  /** Code version of each coroutine, by name. */
  codeVersions: ReadonlyMap<string, string>;
  /** Running tasks get so long to end when the worker stops; then they are handed over. */
  drainMs: number;
  /** For tests: coroutines are forgotten at every suspension and replayed. */
  alwaysReplay?: boolean;
}

const roundMs = 1000;
const strayRoundMs = 2000;
/** A claim that this worker hears of so late, or whose time its clock does not know, may have been taken back: two looks for
 *  strays take longer, and so does a lease. */
const promptMs = 1000;

export class Worker {
  readonly #parts: WorkerParts;
  readonly #slots: Slots;
  readonly #hinter: Hinter;
  readonly #courier: Courier;
  readonly #sweeper: Sweeper;
  readonly #intake: Intake;
  readonly #runs: Runs;
  readonly #claims: Claims;
  /** Batches that arrive together are claimed together. */
  readonly #claiming: GroupCommit<{ ids: readonly TaskId[]; slots: number }, undefined>;
  readonly #rounds: Ticker[] = [];
  readonly #alarms: Alarms;
  readonly #strays: Strays;
  #coroutines: Map<string, AnyCoroutineFunction>;
  #announcement: SessionInfo['coroutines'];
  #session: Session;
  #listening: { close(): Promise<void> } | undefined;
  #consumptions: Consumption[] = [];
  #draining = false;
  /** Number of the last direct claim. */
  #lastGiven = 0;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#coroutines = registry([...parts.builtIn, ...parts.coroutines]);
    this.#announcement = announcement(this.#coroutines, parts.codeVersions);
    this.#slots = new Slots(parts.slots);
    this.#hinter = new Hinter({ ...parts, keep: (...ready) => this.#keep(...ready) });
    this.#courier = new Courier({ ...parts, hinter: this.#hinter });
    this.#sweeper = new Sweeper({ ...parts, hinter: this.#hinter, courier: this.#courier });
    const naps = new Naps({
      ...{ clock: parts.clock, slots: this.#slots, most: parts.parking.maxSuspended },
      partition: (id) => this.#partition(id),
      tell: (partition) => this.#runs.askForMore(partition),
      failed: (error) => this.#warn('could not ask for more tasks', error),
    });
    this.#claims = new Claims({
      ...{ ...parts, slots: this.#slots, naps, hinter: this.#hinter },
      session: () => this.id,
      begin: (claim) => this.#begin(claim),
    });
    this.#claiming = new GroupCommit(parts.clock, async (partition, batches) => {
      const slots = batches.reduce((sum, batch) => sum + batch.slots, 0);
      await this.#claims.claim(
        partition,
        batches.flatMap((batch) => batch.ids),
        slots,
      );
      return batches.map(() => undefined);
    });
    const claim: IntakeParts['claim'] = (partition, ids, slots) => this.#claiming.add(partition, { ids, slots });
    this.#intake = new Intake({ clock: parts.clock, slots: this.#slots, claim });
    this.#alarms = new Alarms(parts.clock, (partition) => this.#sweeper.sweep(partition));
    const release = (id: TaskId, reason: string, error?: unknown): void => void this.#giveBack(id, reason, error);
    const hands = { slots: this.#slots, naps, hinter: this.#hinter, courier: this.#courier, alarms: this.#alarms };
    const claims = this.#claims;
    const coroutine = (name: string) => this.#coroutines.get(name);
    this.#runs = new Runs({ ...parts, ...hands, claims, coroutine, release });
    this.#session = this.#newSession();
    this.#strays = new Strays({ store: parts.store, session: () => this.id, runs: this.#runs, claims });
  }

  get id(): string {
    return this.#session.info.id;
  }

  /** `longestSlotMs`: for how long the coroutine that has run longest without a wait has held its slot. */
  statistics(): { slots: number; running: number; suspended: number; draining: boolean; longestSlotMs: number } {
    const { count, longestSlotMs } = this.#runs;
    return { slots: this.#slots.total, ...count, draining: this.#draining, longestSlotMs };
  }

  async start(): Promise<void> {
    await this.#beginSession();
    const { clock, store, dispatch } = this.#parts;
    for (let partition = 0; partition < store.partitions; partition++) {
      this.#rounds.push(new Ticker(clock, strayRoundMs, () => this.#giveBackStrays(partition)));
      const take = (ids: readonly TaskId[]): Promise<void> => this.#intake.take(partition, ids);
      const failed = (error: unknown) => this.#warn('could not fetch ready tasks', error);
      this.#consumptions.push(dispatch.consume(partition, { free: () => this.#intake.free(), take, failed }));
    }
    const reconcile = async (): Promise<boolean> => {
      await this.#runs.reconcile();
      return false;
    };
    this.#rounds.push(new Ticker(clock, roundMs, reconcile));
    this.#sweeper.start();
    for (const round of this.#rounds) round.start();
  }

  /** Runs other coroutines from now on; tasks that run already keep the code they started with. */
  async replace(
    coroutines: Iterable<AnyCoroutineFunction>,
    codeVersions: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> {
    const known = registry([...this.#parts.builtIn, ...coroutines]);
    this.#announcement = announcement(known, codeVersions);
    this.#coroutines = known;
    Object.assign(this.#session.info, { coroutines: this.#announcement });
    await this.#parts.store.register(this.#session.info);
  }

  /** Claims no more; hands suspended tasks over at once, running ones when they have had their time. */
  async stop(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#runs.draining = true;
    this.#claims.draining = true;
    await this.#parts.heartbeat.beat();
    await Promise.all(this.#consumptions.map((consumption) => consumption.stop()));
    await this.#handOver(this.#runs.ids('suspended'));
    await this.#drained();
    await this.#handOver(this.#runs.ids('all'));
    this.#alarms.clear();
    await Promise.all([this.#sweeper, ...this.#rounds].map((round) => round.stop()));
    await this.#courier.idle();
    const { store, heartbeat } = this.#parts;
    await heartbeat.close();
    for (let partition = 0; partition < store.partitions; partition++) {
      const { hints } = await store.release(partition, this.id);
      this.#hinter.send(partition, hints);
    }
    await this.#hinter.sent();
    await this.#listening?.close();
    await this.#parts.threads.close();
  }

  async #drained(): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = this.#parts.clock.setTimer(this.#parts.drainMs, deadline.resolve);
    await Promise.race([this.#runs.ended(), deadline.promise]);
    timer.cancel();
  }

  async #handOver(ids: readonly TaskId[]): Promise<void> {
    this.#runs.fence(ids, 'handed over, this worker stops');
    for (const [partition, own] of Map.groupBy(ids, (id) => this.#partition(id))) await this.#release(partition, own);
  }

  async #release(partition: number, ids: readonly TaskId[]): Promise<void> {
    const { store, clock } = this.#parts;
    const { hints } = await untilAvailable(clock, () => store.release(partition, this.id, ids));
    this.#hinter.send(partition, hints);
  }

  // --- the session

  #newSession(): Session {
    const { name, host, pid, version, slots, clock } = this.#parts;
    const suffix = Buffer.from(clock.random(4)).toString('hex');
    const info = { id: `${name}-${suffix}`, host, pid, version, slots, coroutines: this.#announcement };
    return new Session(info, this.#parts, () => this.statistics(), {
      lost: () => void this.#beginAgain(),
      failed: (error) => this.#warn('could not renew the lease', error),
    });
  }

  async #beginSession(): Promise<void> {
    this.#listening = await this.#parts.store.listen(this.id, {
      news: (ids) => this.#runs.hear(ids),
      events: (news) => this.#runs.tell(news),
      hints: (partition, hints) => this.#hinter.take(partition, hints),
      claim: (claim, number) => {
        this.#given(claim, number).catch((error: unknown) =>
          this.#warn('could not begin what was claimed for this worker; it is given back', error, claim),
        );
      },
    });
    await this.#session.begin();
  }

  async #beginAgain(): Promise<void> {
    this.#warn(`the cluster has given up the session ${this.id}; beginning another`, undefined);
    this.#parts.instrument.sessionLost?.();
    this.#runs.fence(this.#runs.ids('all'), 'the session has lost its lease');
    await this.#listening?.close();
    this.#session = this.#newSession();
    this.#lastGiven = 0;
    await untilAvailable(this.#parts.clock, () => this.#beginSession());
  }

  // --- tasks

  /** Tasks that became ready here run here, unless coroutines hold the loop: then others are faster with
   *  what may run anywhere. */
  #keep(partition: number, ids: readonly TaskId[], near: number): number {
    if (this.#draining) return 0;
    const slots = this.#slots.acquireNowait(this.#parts.clock.blocked() ? near : ids.length);
    if (slots === 0) return 0;
    const claimed = this.#claiming.add(partition, { ids: ids.slice(0, slots), slots });
    claimed.catch((error: unknown) =>
      this.#warn('could not claim what became ready here; the sweep hands it out', error),
    );
    return slots;
  }

  /** Direct claims (Listener.claim). One that is left alone here is a stray, if it has not begun. */
  async #given(claim: Claim, number: number): Promise<void> {
    if (number <= this.#lastGiven) return;
    this.#lastGiven = number;
    const isPrompt = Math.abs(this.#parts.clock.now() - claim.claimedAt) < promptMs;
    if (!isPrompt && !(await this.#isCurrent(claim))) return;
    if (this.#draining) await this.#giveBack(claim.id, 'this worker stops', undefined);
    else this.#claims.given(claim);
  }

  async #isCurrent({ id, token }: Claim): Promise<boolean> {
    const { store, clock } = this.#parts;
    const asked = [{ id, token, known: 0, commits: 0 }];
    const [answer] = await untilAvailable(clock, () => store.receive(this.#partition(id), asked));
    return answer?.kind === 'committed';
  }

  #begin(claim: Claim): void {
    const fn = this.#coroutines.get(claim.coroutine);
    if (fn !== undefined) this.#runs.begin(claim, fn);
    else {
      this.#slots.release();
      void this.#giveBack(claim.id, `${claim.coroutine} was replaced meanwhile`, undefined);
    }
  }

  async #giveBack(id: TaskId, reason: string, error: unknown): Promise<void> {
    if (!this.#draining) this.#warn(`task ${id} is given back: ${reason}`, error, { id });
    await this.#release(this.#partition(id), [id]);
  }

  async #giveBackStrays(partition: number): Promise<boolean> {
    try {
      const strays = this.#draining ? [] : await this.#strays.look(partition);
      if (strays.length === 0) return false;
      this.#warn(
        `${strays.length} tasks that are claimed for this worker and do not run here are given back`,
        undefined,
      );
      await this.#release(partition, strays);
    } catch (error) {
      // While the store is away the sweep tells so, and the next look follows.
      if (!(error instanceof StoreUnavailableError))
        this.#warn('could not look for tasks that nobody here runs', error);
    }
    return false;
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#parts.store.partitions);
  }

  #warn(message: string, error: unknown, task?: { id: TaskId }): void {
    if (error instanceof StoreUnavailableError && this.#draining) return;
    this.#parts.instrument.warning?.(message, error, task);
  }
}
