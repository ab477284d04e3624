/** A heartbeat on the event loop itself: for clusters in one process, whose clock and store live there too. */
import type { Clock, Timer } from '../contract/clock.ts';
import type { Heartbeat, HeartbeatEvents, SessionState } from '../contract/heartbeat.ts';
import type { Store } from '../contract/store.ts';
import type { SessionId } from '../contract/task.ts';

const beatMs = 1000;

interface Beating {
  session: SessionId;
  state: () => SessionState;
  events: HeartbeatEvents;
}

export class LoopHeartbeat implements Heartbeat {
  readonly #store: Pick<Store, 'beat'>;
  readonly #clock: Clock;
  #beating: Beating | undefined;
  #timer: Timer | undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store, 'beat'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async open(): Promise<void> {}

  start(session: SessionId, state: () => SessionState, events: HeartbeatEvents): void {
    this.#timer?.cancel();
    this.#beating = { session, state, events };
    this.#plan(this.#beating);
  }

  #plan(beating: Beating): void {
    if (this.#beating !== beating) return;
    this.#timer = this.#clock.setTimer(beatMs, () => {
      this.#underWay = this.beat().then(() => this.#plan(beating));
    });
  }

  async beat(): Promise<void> {
    const beating = this.#beating;
    if (beating === undefined) return;
    const { session, state, events } = beating;
    try {
      const lives = await this.#store.beat({ session, ...state(), stuck: false });
      if (lives || this.#beating !== beating) return;
      this.#beating = undefined;
      events.lost();
    } catch (error) {
      events.failed(error);
    }
  }

  async close(): Promise<void> {
    this.#beating = undefined;
    this.#timer?.cancel();
    await this.#underWay;
  }
}
