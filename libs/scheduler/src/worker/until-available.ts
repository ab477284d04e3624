/** A store that is away is no failure of a task: the same call is made again until the store answers it. Calls may be
 * sent twice by contract (contract/store.ts). Any other error is passed on. */
import type { Clock } from '../contract/clock.ts';
import { StoreUnavailableError } from '../contract/exceptions.ts';

const firstPauseMs = 50;
const lastPauseMs = 1000;

export async function untilAvailable<T>(clock: Clock, call: () => Promise<T>): Promise<T> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, lastPauseMs)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await new Promise<void>((resolve) => clock.setTimer(pause, resolve));
    }
  }
}
