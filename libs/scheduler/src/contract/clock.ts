/**
 * Time and chance as the engine sees them, so that tests own both. The loop itself reads neither (L2). Times that
 * decide anything durable come from the store, never from here (DESIGN: time comes from Redis).
 */
export interface Clock {
  /** Milliseconds since the epoch. For ids and for what people read. */
  now(): number;
  /** Milliseconds, monotonic. For durations. */
  monotonic(): number;
  /** Calls back once, not before `ms` have passed. */
  setTimer(ms: number, callback: () => void): Timer;
  /** Resolves when all microtasks that are queued now, and those that they queue, have run. */
  drain(): Promise<void>;
  random(bytes: number): Uint8Array;
  /** Whether something has held the event loop of this process for over 100 ms at a stretch within the last second. */
  blocked(): boolean;
}

export interface Timer {
  cancel(): void;
}
