/** The one place that wires Redis, BullMQ, client and worker together. */
import { hostname } from 'node:os';
import { Client } from './client/client.ts';
import { defaultResultTtlMs } from './client/submits.ts';
import { StoreUnavailableError, UnfitStoreError } from './contract/exceptions.ts';
import type { Instrument } from './contract/instrument.ts';
import { defaultLimits, type Limits } from './contract/limits.ts';
import type { StoreHealth } from './contract/views.ts';
import { BullmqDispatch } from './dispatch/bullmq-dispatch.ts';
import type { AnyCoroutineFunction } from './loop/coroutines.ts';
import { programCoroutines } from './program/evaluate.ts';
import { RedisConnection } from './store/redis-connection.ts';
import { RedisStore } from './store/redis-store.ts';
import { RedisViews } from './store/redis-views.ts';
import { ThreadHeartbeat } from './store/thread-heartbeat.ts';
import { ThreadPool } from './threads/thread-pool.ts';
import { Courier } from './worker/courier.ts';
import { Hinter } from './worker/hinter.ts';
import { defaultParking } from './worker/parking.ts';
import { SlowSteps } from './worker/slow-steps.ts';
import { Sweeper } from './worker/sweeper.ts';
import { SystemClock } from './worker/system-clock.ts';
import { Worker } from './worker/worker.ts';

export interface ConnectOptions {
  /** redis://, redis+cluster:// or redis+sentinel://, or rediss for TLS: docs/guide/redis.md. */
  url: string;
  /** Of all keys and channels; `corral` by default. */
  prefix?: string;
  /** Partitions that task trees are spread over; the same for all processes of a cluster. 1 by default. */
  queues?: number;
  instrument?: Instrument;
  /** Trees that this client submits are removed so many milliseconds after their end; a day by default. */
  resultTtlMs?: number;
  /**
   * asyncio's debug mode for the workers of this connection: `instrument.found` is told of steps that hold the event loop
   * for longer than so many milliseconds, and of coroutines, tasks and errors that were forgotten. One a process.
   */
  debug?: { slowCallbackMs: number };
  /** How large arguments, results and logs may be. */
  limits?: Partial<Limits>;
}

export interface WorkerOptions {
  /** One that starts under the name of a dead one takes its tasks over at once; by default that of the host and the number of
   *  the process. Each start gets a suffix of its own. */
  name?: string;
  /** Coroutines running at once. */
  slots: number;
  coroutines: Iterable<AnyCoroutineFunction>;
  /** Code version of each coroutine, by name. */
  codeVersions?: ReadonlyMap<string, string>;
  /** Of the worker's software, for people. */
  version: string;
  /** Threads for `loop.toThread`; 2 by default. They start when they are needed. */
  threads?: number;
  /** Module that each thread begins with (`threadEntry`), for modules that Node alone cannot import. */
  threadEntry?: URL;
  /** Suspended coroutines that stay in memory; of more than that the longest suspended are parked. 10,000 by default. */
  maxSuspended?: number;
  /** A coroutine that has been suspended for so long is parked: others may revive it. 5 minutes by default. */
  parkAfterMs?: number;
  /** Running tasks get so long to end when the worker stops. 20 s by default. */
  drainMs?: number;
  /** A coroutine that blocks the event loop for longer than this loses it its tasks. 60 s by default. */
  maxBlockMs?: number;
  /** Then the process is ended (SIGKILL), for a supervisor to start another. It is not by default. */
  endBlocked?: boolean;
}

export interface Connection {
  readonly client: Client;
  worker(options: WorkerOptions): Worker;
  /** For a process without a worker: does once a second what time makes due. */
  sweeper(): Sweeper;
  health(): Promise<StoreHealth>;
  /** Stop workers first. */
  close(): Promise<void>;
}

const defaultDrainMs = 20_000;
const defaultMaxBlockMs = 60_000;
const defaultThreads = 2;

/**
 * Connects to a cluster.
 * @throws StoreUnavailableError when there is no connection within 5 s; UnfitStoreError when Redis is too old, a replica, or
 *   may evict keys; RangeError when the URL is none, or the cluster was set up with another number of queues, or
 *   used by a newer version of Corral
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { url, prefix = 'corral', queues = 1, instrument = {}, resultTtlMs = defaultResultTtlMs, debug } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const warn = (error: Error): void => instrument.warning?.('redis', error);
  const redis = { url, prefix, partitions: queues };
  const connection = new RedisConnection(redis, instrument);
  const store = new RedisStore(connection);
  const views = new RedisViews(connection);
  const clock = new SystemClock();
  const dispatch = new BullmqDispatch(
    (blocking) => connection.open({ blocking }),
    (partition) => connection.tag(partition),
    warn,
  );
  const client = new Client({ store, views, dispatch, clock, instrument, limits, resultTtlMs });
  const slowSteps = debug && new SlowSteps({ limitMs: debug.slowCallbackMs, instrument });
  const close = async (): Promise<void> => {
    slowSteps?.close();
    await client.close();
    await dispatch.close();
    await store.close();
  };
  try {
    const { unfit, warnings, reasons, version } = await views.health();
    if (version === '') throw new StoreUnavailableError(reasons.join('; '));
    if (unfit.length > 0) throw new UnfitStoreError(unfit.join('; '));
    await connection.agreeOnPartitions();
    await connection.agreeOnFormat();
    await connection.loadScripts();
    for (const warning of warnings) instrument.warning?.(warning, undefined);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    client,
    health: () => views.health(),
    close,
    sweeper: () => {
      const hinter = new Hinter({ dispatch, clock, instrument, slots: 1, keep: () => 0 });
      return new Sweeper({
        store,
        dispatch,
        clock,
        instrument,
        hinter,
        courier: new Courier({ store, instrument, hinter }),
      });
    },
    worker: ({
      threads: size = defaultThreads,
      threadEntry: entry,
      maxBlockMs = defaultMaxBlockMs,
      endBlocked = false,
      name = `${hostname()}-${process.pid}`,
      maxSuspended = defaultParking.maxSuspended,
      parkAfterMs = defaultParking.parkAfterMs,
      ...options
    }) => {
      const failed = (error: unknown): void => instrument.warning?.('a thread failed', error);
      return new Worker({
        ...{
          store,
          dispatch,
          clock,
          instrument,
          limits,
          host: hostname(),
          pid: process.pid,
          builtIn: programCoroutines,
        },
        ...{ name, codeVersions: new Map(), drainMs: defaultDrainMs },
        ...options,
        watch: slowSteps,
        parking: { maxSuspended, parkAfterMs },
        heartbeat: new ThreadHeartbeat({ redis, maxBlockMs, endBlocked, instrument }),
        threads: new ThreadPool({ size, failed, ...(entry === undefined ? {} : { entry }) }),
      });
    },
  };
}
