/**
 * Parking: which suspended coroutines are given back to the store, so that they cost this worker no memory.
 *
 * Owns: the order of those that rest, the one that went on least recently first, and when it is time. Does not own: what
 * parking means (the store's `park`), ending the run (run.ts).
 *
 * P1. Never more than `maxSuspended` rest here, but for those that still have something to tell the store.
 * P2. Who has rested for `parkAfterMs` is parked, unless a timer here ends within as much time again: it is exact, while
 *     that of a parked task ends with the sweep, up to a second late.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskRun } from './run.ts';

export interface ParkingLimits {
  /** Suspended coroutines that a worker keeps in memory. */
  maxSuspended: number;
  parkAfterMs: number;
}

export const defaultParking: ParkingLimits = { maxSuspended: 10_000, parkAfterMs: 300_000 };

export class Parking {
  readonly #clock: Clock;
  readonly #limits: ParkingLimits;
  readonly #park: (run: TaskRun) => void;
  /** Since when each rests; in that order. */
  readonly #resting = new Map<TaskRun, number>();

  constructor(clock: Clock, limits: ParkingLimits, park: (run: TaskRun) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#park = park;
  }

  rests(run: TaskRun): void {
    this.#resting.set(run, this.#clock.monotonic());
    this.relieve();
  }

  goesOn(run: TaskRun): void {
    this.#resting.delete(run);
  }

  /** Parks those whose time has come, and as many more as are too many. */
  relieve(): void {
    const { maxSuspended, parkAfterMs } = this.#limits;
    const now = this.#clock.monotonic();
    for (const [run, since] of this.#resting) {
      const tooMany = this.#resting.size > maxSuspended;
      if (!tooMany && now - since < parkAfterMs) return;
      if (!run.parkable || (!tooMany && run.wakesAt < now + parkAfterMs)) continue;
      this.#resting.delete(run);
      this.#park(run);
    }
  }
}
