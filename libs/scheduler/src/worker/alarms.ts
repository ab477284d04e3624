/**
 * Calls for a sweep when a timer of the store is due that this worker knows of, so that it need not wait for the next
 * round. Only a hint: a worker that has died is made up for by the rounds of the others.
 */
import type { Clock, Timer } from '../contract/clock.ts';
import { PatientCommit } from './patient-commit.ts';

export class Alarms {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  /** What is due together is swept together. */
  readonly #due: PatientCommit<undefined, undefined>;

  constructor(clock: Clock, sweep: (partition: number) => Promise<unknown>) {
    this.#clock = clock;
    this.#due = new PatientCommit(clock, async (partition, requests) => {
      await sweep(partition);
      return [...requests];
    });
  }

  set(partition: number, ms: number): void {
    const timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer);
      void this.#due.add(partition, undefined);
    });
    this.#timers.add(timer);
  }

  clear(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
