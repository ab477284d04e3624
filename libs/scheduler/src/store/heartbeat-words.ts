/** What a worker's main thread and its heartbeat thread say to each other. */
import type { SessionId } from '../contract/task.ts';
import type { RedisStoreOptions } from './redis-connection.ts';

/** Places in the shared Int32Array: the main thread writes, the heartbeat reads. */
export const place = { turn: 0, running: 1, suspended: 2, draining: 3 } as const;
export const places = 4;

export interface HeartbeatData {
  redis: RedisStoreOptions;
  shared: SharedArrayBuffer;
  /** A main thread that has not turned for so long is said to be stuck, and after `maxBlockMs` it gets no more beats. */
  stuckMs: number;
  maxBlockMs: number;
  /** Then the process is ended. */
  endBlocked: boolean;
}

/** Main thread to heartbeat. `session` undefined: beat for nobody. `beat`: at once, and answer with the same number. */
export type ToHeartbeat = { kind: 'session'; session: SessionId | undefined } | { kind: 'beat'; number: number };

export type FromHeartbeat =
  | { kind: 'open' }
  | { kind: 'beaten'; number: number }
  | { kind: 'lost'; session: SessionId }
  | { kind: 'failed'; session: SessionId; error: unknown }
  | { kind: 'call'; ms: number; failed: boolean }
  | { kind: 'warning'; message: string; error: unknown };
