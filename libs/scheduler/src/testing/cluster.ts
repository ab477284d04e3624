/** A cluster in one process, without Redis: N workers, one store, one dispatch, and a clock that tests own. */
import { Client } from '../client/client.ts';
import type { Clock } from '../contract/clock.ts';
import type { Instrument } from '../contract/instrument.ts';
import { defaultLimits, type Limits } from '../contract/limits.ts';
import type { TaskView } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import type { AnyCoroutineFunction, Coroutine } from '../loop/coroutines.ts';
import { programCoroutines } from '../program/evaluate.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import { LoopHeartbeat } from '../worker/loop-heartbeat.ts';
import { defaultParking, type ParkingLimits } from '../worker/parking.ts';
import { SlowSteps } from '../worker/slow-steps.ts';
import { Worker } from '../worker/worker.ts';
import { MemoryDispatch } from './memory-dispatch.ts';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import { Mortal } from './mortal.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface MemoryClusterOptions {
  coroutines: Iterable<AnyCoroutineFunction>;
  /** 2 by default. */
  workers?: number;
  /** Of each worker; 100 by default. */
  slots?: number;
  /** A virtual clock by default: time jumps when everybody waits. Give a SystemClock for coroutines that do real I/O. */
  clock?: Clock;
  /** Of all workers together; 2 threads by default. A virtual clock stands still while a thread works. */
  threads?: Threads;
  instrument?: Instrument;
  /** Debug mode: the instrument is told what is found. `now`: for slow steps, real time by default. */
  debug?: { slowCallbackMs: number; now?: () => number };
  limits?: Partial<Limits>;
  /** When suspended coroutines are parked. */
  parking?: Partial<ParkingLimits>;
  /** Coroutines are forgotten at every suspension and replayed. */
  alwaysReplay?: boolean;
  store?: Omit<MemoryStoreOptions, 'clock'>;
}

export class MemoryCluster implements AsyncDisposable {
  readonly client: Client;
  readonly store: MemoryStore;
  readonly dispatch: MemoryDispatch;
  readonly clock: Clock;
  readonly threads: Threads;
  readonly workers: Worker[] = [];
  readonly #options: MemoryClusterOptions;
  readonly #slowSteps: SlowSteps | undefined;
  readonly #lines = new Map<Worker, Mortal>();

  constructor(options: MemoryClusterOptions) {
    this.#options = options;
    this.clock = options.clock ?? new VirtualClock({ autojump: true });
    this.store = new MemoryStore({ ...options.store, clock: this.clock });
    this.dispatch = new MemoryDispatch({ clock: this.clock });
    this.threads = stillDuring(this.clock, options.threads ?? threadPool(options.instrument));
    const { debug, instrument = {} } = options;
    this.#slowSteps = debug && new SlowSteps({ ...debug, limitMs: debug.slowCallbackMs, instrument });
    const { store, dispatch, clock } = this;
    this.client = new Client({
      ...{ store, views: store, dispatch, clock, instrument },
      limits: { ...defaultLimits, ...options.limits },
    });
  }

  async addWorker(coroutines = this.#options.coroutines): Promise<Worker> {
    const lines = new Mortal(this);
    const worker = new Worker({
      ...{
        store: lines.store,
        dispatch: lines.dispatch,
        clock: lines.clock,
        heartbeat: new LoopHeartbeat(lines.store, lines.clock),
        threads: lines.threads,
        watch: this.#slowSteps,
        instrument: this.#options.instrument ?? {},
        limits: { ...defaultLimits, ...this.#options.limits },
        parking: { ...defaultParking, ...this.#options.parking },
      },
      ...{ name: `w${this.workers.length}`, host: 'memory', pid: process.pid, version: 'test' },
      ...{
        slots: this.#options.slots ?? 100,
        coroutines,
        builtIn: programCoroutines,
        codeVersions: new Map(),
        drainMs: 1000,
      },
      alwaysReplay: this.#options.alwaysReplay ?? false,
    });
    await worker.start();
    this.workers.push(worker);
    this.#lines.set(worker, lines);
    return worker;
  }

  /** As kill -9: what the worker has not told the store is lost, and it says nothing any more. */
  kill(worker: Worker): void {
    this.#lines.get(worker)?.kill();
    this.workers.splice(this.workers.indexOf(worker), 1);
  }

  /** asyncio.run: submits the coroutine and waits for its end, an hour of the clock at most. */
  async run(coroutine: Coroutine<unknown>): Promise<TaskView> {
    const { id } = await this.client.submit(coroutine.coroutineName, coroutine.args ?? {});
    const view = await this.client.wait(id, 3_600_000);
    if (view === undefined) throw new Error(`task ${id} has vanished`);
    return view;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    this.#slowSteps?.close();
    await this.client.close();
    await this.threads.close();
    await this.dispatch.close();
    await this.store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const threadPool = (instrument: Instrument | undefined): ThreadPool =>
  new ThreadPool({ size: 2, failed: (error) => instrument?.warning?.('a thread failed', error) });

function stillDuring(clock: Clock, threads: Threads): Threads {
  if (!(clock instanceof VirtualClock)) return threads;
  return { run: (call, signal) => clock.still(threads.run(call, signal)), close: () => threads.close() };
}

export async function memoryCluster(options: MemoryClusterOptions): Promise<MemoryCluster> {
  const cluster = new MemoryCluster(options);
  for (let i = 0; i < (options.workers ?? 2); i++) await cluster.addWorker();
  return cluster;
}
