/**
 * Renews the lease of a worker's session, one beat a second. It lives where the coroutines of the process cannot hold it
 * up: a loop that is blocked for a while must not lose its tasks, while a process that is dead must not keep them.
 */
import type { SessionId } from './task.ts';

/** What a session tells about itself with each beat. */
export interface SessionState {
  /** Tasks that hold a slot. */
  running: number;
  suspended: number;
  /** It takes no new tasks. */
  draining: boolean;
}

export interface HeartbeatEvents {
  /** The store has given the session up. Called once. */
  lost(): void;
  /** A beat has failed; the next one is tried all the same. */
  failed(error: unknown): void;
}

export interface Heartbeat {
  /** Resolves when it can beat; it does not beat yet. */
  open(): Promise<void>;
  /** Beats for this session from now on, and for no other any more. The store must know it. */
  start(session: SessionId, state: () => SessionState, events: HeartbeatEvents): void;
  /** One more beat at once, for news that should not wait (draining). Resolves when the store knows, or has failed. */
  beat(): Promise<void>;
  /** Resolves when no beat is under way any more, and none will be. */
  close(): Promise<void>;
}
