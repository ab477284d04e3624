/** An engine: a whole worker, with its own line to Redis, a clock that may be wrong, and slots by chance. */
import { defaultLimits } from '../../libs/scheduler/src/contract/limits.ts';
import type { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';
import { RedisStore } from '../../libs/scheduler/src/store/redis-store.ts';
import type { MemoryDispatch, VirtualClock } from '../../libs/scheduler/src/testing/index.ts';
import { Mortal } from '../../libs/scheduler/src/testing/mortal.ts';
import { LoopHeartbeat } from '../../libs/scheduler/src/worker/loop-heartbeat.ts';
import { Worker } from '../../libs/scheduler/src/worker/worker.ts';
import { Line } from './line.ts';
import type { Random } from './random.ts';
import { all } from './workload.ts';

export interface Engine {
  name: string;
  line: Line;
  mortal: Mortal;
  worker: Worker;
  thawAt: number;
}

interface EngineParts {
  /** How many there were before. */
  number: number;
  connection: RedisConnection;
  clock: VirtualClock;
  dispatch: MemoryDispatch;
  random: Random;
  fenced: () => void;
}

export function newEngine({ number, connection, clock, dispatch, random, fenced }: EngineParts): Engine {
  const name = `e${number}`;
  const skew = random.pick([0, 0, 3_600_000, -3_600_000]);
  const line = new Line(name, connection, clock, skew);
  const threads = { run: async () => Promise.reject(new Error('no threads here')), close: async () => undefined };
  const store = new RedisStore(line.connection);
  const mortal = new Mortal({ store, dispatch: line.dispatch(dispatch), clock: line.clock, threads });
  const worker = new Worker({
    ...{ store: mortal.store, dispatch: mortal.dispatch, clock: mortal.clock, threads: mortal.threads },
    ...{ heartbeat: new LoopHeartbeat(mortal.store, mortal.clock), instrument: { fenced } },
    ...{ name, host: 'simulation', pid: 1, version: 'test', slots: 1 + random.below(6) },
    ...{ coroutines: all, builtIn: [], codeVersions: new Map(), drainMs: 1_000, limits: defaultLimits },
    parking: { maxSuspended: number % 3 === 2 ? 1 : 1_000, parkAfterMs: 60_000 }, // one in three parks at once
  });
  return { name, line, mortal, worker, thawAt: 0 };
}
