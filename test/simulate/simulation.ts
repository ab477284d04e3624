/**
 * Simulation: several engines in one process, over a real Redis and its real scripts, on a clock and a chance that a seed
 * decides. One thing happens at a time: a command is executed, an answer delivered, time passes, a fault comes. The same
 * seed gives the same run.
 *
 * Owns: the order of things, the faults, the store's time, the auditor as it goes. Does not own: what tasks do
 * (workload.ts), what lies between an engine and Redis (line.ts).
 *
 * S1. Between two moves every engine is idle, so no move races another.
 * S2. After each audit interval no invariant is violated: scripts are atomic, so there is no excuse.
 * S3. In the end every root has the result that its seed promises, and the store is at rest.
 * S4. An outage of the store costs nobody the session who had beaten before (the gap rule).
 */
import { Redis } from 'ioredis';
import { examine, type Violation } from '../../libs/scheduler/src/audit/audit.ts';
import { readPartition } from '../../libs/scheduler/src/audit/read-partition.ts';
import { bundledIds, newRootId } from '../../libs/scheduler/src/contract/ids.ts';
import type { NewRoot } from '../../libs/scheduler/src/contract/store.ts';
import type { TaskId } from '../../libs/scheduler/src/contract/task.ts';
import { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';
import { RedisStore } from '../../libs/scheduler/src/store/redis-store.ts';
import { RedisViews } from '../../libs/scheduler/src/store/redis-views.ts';
import type { ScriptName } from '../../libs/scheduler/src/store/scripts.ts';
import { MemoryDispatch, VirtualClock } from '../../libs/scheduler/src/testing/index.ts';
import { type Engine, newEngine } from './engine.ts';
import type { Fate, Line } from './line.ts';
import { Random } from './random.ts';
import { steady } from './steady.ts';
import { expected, type Value } from './workload.ts';

export interface SimulationOptions {
  url: string;
  seed: number;
  /** Breaks a script on purpose. */
  patch?: (name: ScriptName, text: string) => string;
}

export interface Summary {
  seed: number;
  moves: number;
  tasks: number;
  /** What was done to the engines, by kind. */
  faults: Record<string, number>;
  /** Of every move, so that two runs can be compared. */
  trace: string[];
}

const roots = 3;
/** So many come in a bundle besides: some that end at once, and some that do not. */
const bundled = 8;
/** Moves before which more roots come, when workers are there to be told of them directly. */
const lateRoots = [60, 120, 240];
const engines = 3;
const faultyMoves = 400;
/** Far more than any seed needs: something is stuck. */
const mostMoves = 20_000;
const auditEvery = 40;
const partition = 0;
const start = 1_700_000_000_000;

export async function simulate(options: SimulationOptions): Promise<Summary> {
  const simulation = new Simulation(options);
  try {
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

class Simulation {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock: VirtualClock;
  readonly #connection: RedisConnection;
  readonly #store: RedisStore;
  readonly #views: RedisViews;
  readonly #subscriber: Redis;
  readonly #dispatch: MemoryDispatch;
  #engines: Engine[] = [];
  readonly #expected = new Map<TaskId, Value>();
  readonly #faults: Record<string, number> = {};
  readonly #trace: string[] = [];
  readonly #problems: string[] = [];
  #moves = 0;
  #born = 0;

  constructor({ url, seed, patch = (_, text) => text }: SimulationOptions) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#clock = new VirtualClock({ start, seed });
    this.#connection = new RedisConnection({
      ...{ url, prefix: 'simulation', partitions: 1, testTime: true },
      patch: steady(patch),
    });
    this.#store = new RedisStore(this.#connection);
    this.#views = new RedisViews(this.#connection);
    this.#subscriber = new Redis(url);
    this.#dispatch = new MemoryDispatch({ clock: this.#clock, carry: () => this.#carry() });
  }

  async run(): Promise<Summary> {
    await this.#connection.redis.flushall();
    await this.#setTime();
    await this.#subscriber.psubscribe('simulation:news*');
    this.#subscriber.on('pmessage', (_, channel: string, text: string) => this.#news(channel, text));
    for (let i = 0; i < engines; i++) this.#addEngine();
    for (let i = 0; i < roots; i++) await this.#submit([newRootId(this.#clock.now(), this.#clock.random(16))]);
    await this.#submit(bundledIds(this.#clock.now(), this.#clock.random(16), bundled));
    let tasks = 0;
    for (;;) {
      await this.#clock.idle();
      if (lateRoots.includes(this.#moves)) {
        await this.#submit([newRootId(this.#clock.now(), this.#clock.random(16))]);
        await this.#clock.idle(); // whoever was told of it has acted
      }
      this.#fail();
      if (this.#moves % auditEvery === 0) {
        tasks = await this.#audit();
        if (this.#moves > Math.max(...lateRoots) && (await this.#settled())) break;
      }
      if (this.#moves++ > mostMoves) throw await this.#stuck();
      await this.#move();
    }
    await this.#atRest();
    return { seed: this.#seed, moves: this.#moves, tasks, faults: this.#faults, trace: this.#trace };
  }

  // --- moves

  async #move(): Promise<void> {
    const now = this.#clock.now();
    for (const engine of this.#engines) if (engine.line.frozen && engine.thawAt <= now) this.#thaw(engine);
    const faulty = this.#moves < faultyMoves;
    if (faulty && this.#random.percent(2)) return await this.#fault();
    if (this.#engines.length < 2) this.#addEngine();
    const lines = this.#engines.map(({ line }) => line);
    const possible = [
      ...lines.filter((line) => line.hasUnsent).map((line) => () => this.#execute(line, faulty)),
      ...lines.filter((line) => line.hasAnswer).map((line) => async () => line.deliver()),
    ];
    if (possible.length === 0 || this.#random.percent(3)) await this.#advance(this.#random.pick([1, 20, 200, 1_000]));
    else await this.#random.pick(possible)();
  }

  async #execute(line: Line, faulty: boolean): Promise<void> {
    if (faulty && this.#random.percent(1)) {
      this.#did('refused', line.name);
      line.refuse();
      return;
    }
    const fate = faulty ? this.#fateOfCommand() : 'executed';
    this.#did(fate, line.name);
    await line.execute(fate);
    await this.#flush();
  }

  /** `unanswered`: executed, and the engine hears nothing; `doubled`: sent again on a new connection, as ioredis does. */
  #fateOfCommand(): Fate {
    const chance = this.#random.below(100);
    return chance < 6 ? 'unanswered' : chance < 12 ? 'doubled' : 'executed';
  }

  async #advance(ms: number): Promise<void> {
    this.#did('time', ms);
    await this.#clock.advance(ms);
    await this.#setTime();
  }

  async #setTime(): Promise<void> {
    await this.#connection.redis.set(`${this.#connection.keys(partition)}test-time`, this.#clock.now());
  }

  /** News that the last command has sent arrives before this does. */
  async #flush(): Promise<void> {
    await this.#subscriber.psubscribe('simulation:flush');
  }

  #did(what: string, about: unknown): void {
    this.#trace.push(`${what} ${String(about)}`);
  }

  // --- faults

  async #fault(): Promise<void> {
    const busy = this.#engines.filter(({ line }) => line.hasUnsent);
    const engine = this.#random.pick(busy.length > 0 ? busy : this.#engines);
    const kind = this.#random.pick(['kill', 'pause', 'long pause', 'outage', 'cancel nobody'] as const);
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    this.#did(kind, engine.name);
    if (kind === 'kill') return await this.#kill(engine);
    if (kind === 'outage') return await this.#outage();
    if (kind === 'cancel nobody') return void (await this.#store.cancel(partition, [{ id: 't_none', message: '' }]));
    this.#freeze(engine, kind === 'pause' ? 500 : 8_000);
  }

  /** What was in the pipe may still arrive; nobody hears the answers. */
  async #kill(engine: Engine): Promise<void> {
    engine.mortal.kill();
    while (engine.line.hasUnsent && this.#random.percent(50)) await engine.line.execute('unanswered');
    await this.#flush();
    this.#end(engine);
    if (this.#random.percent(70)) this.#addEngine();
  }

  #end(engine: Engine): void {
    engine.mortal.kill();
    this.#engines = this.#engines.filter((other) => other !== engine);
  }

  #freeze(engine: Engine, ms: number): void {
    engine.line.freeze();
    engine.thawAt = this.#clock.now() + ms;
  }

  #thaw(engine: Engine): void {
    this.#did('thaw', engine.name);
    engine.line.thaw();
  }

  /** The store stands still for a while, and time does not. */
  async #outage(): Promise<void> {
    const awake = this.#engines.filter(({ line }) => !line.frozen);
    for (const { line } of awake) line.freeze();
    const before = await this.#sessions();
    await this.#advance(10_000);
    await this.#store.sweep(partition, 30_000);
    await this.#flush();
    const after = await this.#sessions();
    for (const [session, silentMs] of before)
      if (silentMs < 2_000 && !after.has(session)) throw this.#error(`S4: ${session} is given up for an outage`);
    for (const { line } of awake) line.thaw();
  }

  /** Live sessions, and for how long the store has not heard from each. */
  async #sessions(): Promise<Map<string, number>> {
    const { sorted, sessions, texts } = await readPartition(this.#connection, partition);
    const up = Number(texts.get('uptime')?.get('') ?? 0);
    const live = [...(sorted.get('sessions') ?? [])].filter(([session]) => sessions.get(session)?.lost === false);
    return new Map(live.map(([session, beat]) => [session, up - beat]));
  }

  /** How often and when a batch of hints arrives. */
  #carry(): number[] {
    if (this.#moves >= faultyMoves) return [0];
    const fate = this.#random.below(100);
    if (fate < 5) return [];
    if (fate < 10) return [0, this.#random.below(3_000)];
    return [fate < 30 ? this.#random.below(500) : 0];
  }

  /** News, direct claims and hints: lost, late, doubled. */
  #news(channel: string, text: string): void {
    const faulty = this.#moves < faultyMoves;
    for (const kind of ['hints', 'claim'])
      if (text.startsWith(`${kind}\n`)) this.#faults[`direct ${kind}`] = (this.#faults[`direct ${kind}`] ?? 0) + 1;
    if (faulty && this.#random.percent(20)) return;
    const late = faulty && this.#random.percent(10) ? this.#random.below(2_000) : 0;
    for (const { line } of this.#engines) {
      if (late > 0) this.#clock.setTimer(late, () => line.hear(channel, text));
      else line.hear(channel, text);
      if (faulty && this.#random.percent(10)) line.hear(channel, text);
    }
  }

  // --- engines and tasks

  #addEngine(): void {
    const number = this.#born++;
    const engine = newEngine({
      ...{ number, connection: this.#connection, clock: this.#clock, dispatch: this.#dispatch, random: this.#random },
      fenced: () => {
        this.#faults['fenced'] = (this.#faults['fenced'] ?? 0) + 1;
      },
    });
    this.#engines.push(engine);
    engine.worker.start().catch(() => this.#end(engine)); // as a process that finds no store when it starts
  }

  async #submit(ids: readonly TaskId[]): Promise<void> {
    const work = ids.map((id) => ({ id, ...this.#root(id, ids.length > 1), options: '{}', resultTtlMs: 86_400_000 }));
    await this.#store.submit(partition, work);
    await this.#flush();
  }

  #root(id: TaskId, small: boolean): Pick<NewRoot, 'coroutine' | 'args'> {
    for (;;) {
      const depth = small ? Math.max(0, this.#random.below(5) - 3) : 2 + this.#random.below(2);
      const root = { seed: this.#random.below(1 << 30), depth };
      const result = attempt(() => expected(root));
      if (result === undefined) continue; // a root that fails as a whole proves less
      this.#expected.set(id, result);
      return { coroutine: 'node', args: JSON.stringify(root) };
    }
  }

  // --- what must hold

  async #audit(): Promise<number> {
    const snapshot = await readPartition(this.#connection, partition);
    const { violations } = examine(snapshot, 'offline');
    if (violations.length > 0) throw this.#broken(violations);
    return snapshot.tasks.size;
  }

  #fail(): void {
    const [problem] = this.#problems;
    if (problem !== undefined) throw this.#error(problem);
  }

  async #settled(): Promise<boolean> {
    const ids = [...this.#expected.keys()];
    const records = await this.#views.records(ids);
    for (const [index, record] of records.entries()) {
      if (record?.outcome === undefined) return false;
      const wanted = JSON.stringify(this.#expected.get(ids[index] ?? ''));
      if (record.outcome.payload !== wanted)
        throw this.#error(`${ids[index]}: expected ${wanted}, it has ${record.state} with ${record.outcome.payload}`);
    }
    return true;
  }

  async #atRest(): Promise<void> {
    const { violations, waits } = examine(await readPartition(this.#connection, partition), 'offline');
    if (violations.length > 0) throw this.#broken(violations);
    if (waits.length > 0) throw this.#error(`all roots have ended, and there is left: ${JSON.stringify(waits)}`);
  }

  async #stuck(): Promise<Error> {
    const { waits } = examine(await readPartition(this.#connection, partition), 'offline');
    return this.#error(`stuck after ${mostMoves} moves:\n${waits.map((wait) => JSON.stringify(wait)).join('\n')}`);
  }

  #broken(violations: readonly Violation[]): Error {
    return this.#error(violations.map(({ rule, task, reason }) => `${rule} ${task}: ${reason}`).join('\n'));
  }

  #error(text: string): Error {
    const last = this.#trace.slice(-30).join('\n  ');
    return new Error(`seed ${this.#seed}, move ${this.#moves}: ${text}\nthe last moves:\n  ${last}`);
  }

  async close(): Promise<void> {
    for (const { mortal } of this.#engines) mortal.kill();
    this.#subscriber.disconnect();
    this.#connection.close();
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
