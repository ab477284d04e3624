/**
 * Session: one worker's lease. A heartbeat keeps it; a session that the store has given up is told so and ends, and its
 * worker begins another. What is decided in time is decided by the store, in the store's own time.
 */
import type { Heartbeat, HeartbeatEvents, SessionState } from '../contract/heartbeat.ts';
import type { SessionInfo, Store } from '../contract/store.ts';

export class Session {
  readonly info: SessionInfo;
  readonly #store: Store;
  readonly #heartbeat: Heartbeat;
  readonly #state: () => SessionState;
  readonly #events: HeartbeatEvents;

  constructor(
    info: SessionInfo,
    parts: { store: Store; heartbeat: Heartbeat },
    state: () => SessionState,
    events: HeartbeatEvents,
  ) {
    this.info = info;
    this.#store = parts.store;
    this.#heartbeat = parts.heartbeat;
    this.#state = state;
    this.#events = events;
  }

  /** The heart is ready before the lease begins to run. */
  async begin(): Promise<void> {
    await this.#heartbeat.open();
    await this.#store.register(this.info);
    this.#heartbeat.start(this.info.id, this.#state, this.#events);
  }
}
