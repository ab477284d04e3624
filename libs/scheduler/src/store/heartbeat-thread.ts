/**
 * The heartbeat of one worker process, in a thread of its own with a connection of its own.
 *
 * B1. It beats while the main thread turns, also late; it ends with the process, so a dead process is silent.
 * B2. A main thread that has not turned for `maxBlockMs` counts as dead: no more beats, so that others take its tasks
 *     over. With `endBlocked` it is dead: nothing but another process would be better. Else, when it turns again, the next
 *     beat tells whether the session still lives.
 * B3. How long the main thread has not turned is counted in own ticks and not by a clock: a process that was stopped or
 *     a machine that slept has not blocked its loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { SessionId } from '../contract/task.ts';
import { sayWhereMainStands } from './blocked-main.ts';
import { type FromHeartbeat, type HeartbeatData, place, type ToHeartbeat } from './heartbeat-words.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisStore } from './redis-store.ts';

const beatMs = 1000;

const { redis, shared, stuckMs, maxBlockMs, endBlocked } = workerData as HeartbeatData;
const main = parentPort;
if (main === null) throw new Error('heartbeat-thread.ts runs in a thread of a worker');
const tell = (message: FromHeartbeat): void => main.postMessage(message);
const state = new Int32Array(shared);
const connection = new RedisConnection(redis, {
  storeCall: ({ ms, failed }) => tell({ kind: 'call', ms, failed }),
  warning: (message, error) => tell({ kind: 'warning', message, error }),
});
const store = new RedisStore(connection);

let session: SessionId | undefined;
let lastTurn = -1;
let silentMs = 0;
let beating = Promise.resolve();

async function beat(): Promise<void> {
  const own = session;
  if (own === undefined || silentMs >= maxBlockMs) return;
  const [running, suspended] = [Atomics.load(state, place.running), Atomics.load(state, place.suspended)];
  const draining = Atomics.load(state, place.draining) === 1;
  try {
    const lives = await store.beat({ session: own, running, suspended, draining, stuck: silentMs >= stuckMs });
    if (lives || session !== own) return;
    session = undefined;
    tell({ kind: 'lost', session: own });
  } catch (error) {
    tell({ kind: 'failed', session: own, error });
  }
}

main.on('message', (message: ToHeartbeat) => {
  if (message.kind === 'session') session = message.session;
  else beating = beating.then(beat).then(() => tell({ kind: 'beaten', number: message.number }));
});

async function tick(): Promise<void> {
  const turn = Atomics.load(state, place.turn);
  silentMs = turn === lastTurn ? silentMs + beatMs : 0;
  lastTurn = turn;
  if (silentMs === stuckMs) void sayWhereMainStands(`the event loop has not turned for ${stuckMs / 1000} s`);
  if (silentMs >= maxBlockMs && endBlocked) {
    await sayWhereMainStands(`the event loop has not turned for ${silentMs / 1000} s: the process ends`);
    process.kill(process.pid, 'SIGKILL');
  }
  const due = performance.now() + beatMs;
  beating = beating.then(beat);
  await beating;
  setTimeout(tick, Math.max(0, due - performance.now()));
}

// After an outage others may be sooner to count who is silent.
connection.redis.on('ready', () => {
  beating = beating.then(beat);
});

tell({ kind: 'open' });
void tick();
