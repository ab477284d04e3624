/**
 * Intake: batches that Dispatch has brought, claimed as slots become free.
 *
 * A batch may hold more than there are free slots. What is left waits here for a moment, because most tasks are short and
 * to hand them out anew costs as much as to run them: of a gather of 10,000 half were handed out twice. After that it goes
 * back to `ready`, so that a busy worker does not keep what another could run (K1). No other batch is fetched meanwhile.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';
import type { Slots } from './slots.ts';

const patienceMs = 20;

export interface IntakeParts {
  clock: Clock;
  slots: Slots;
  /** Claims up to `slots` of them, which have been acquired, and gives the others back. */
  claim(partition: number, ids: readonly TaskId[], slots: number): Promise<unknown>;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #waiting = new Set<Promise<void>>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Resolves when there is room for another batch. */
  async free(): Promise<void> {
    const { slots } = this.#parts;
    do {
      await Promise.all(this.#waiting);
      await slots.waitFree();
    } while (this.#waiting.size > 0);
  }

  /** Resolves when all have been claimed or given back. */
  async take(partition: number, ids: readonly TaskId[]): Promise<void> {
    const { slots, claim } = this.#parts;
    const now = slots.acquireNowait(ids.length);
    const claims = now === 0 ? [] : [claim(partition, ids.slice(0, now), now)];
    if (now < ids.length) claims.push(this.#takeRest(partition, ids.slice(now)));
    await Promise.all(claims);
  }

  async #takeRest(partition: number, ids: readonly TaskId[]): Promise<void> {
    const { clock, slots, claim } = this.#parts;
    const over = Promise.withResolvers<void>();
    this.#waiting.add(over.promise);
    let late = false;
    const timer = clock.setTimer(patienceMs, () => {
      late = true;
      over.resolve();
    });
    const claims: Promise<unknown>[] = [];
    let rest = ids;
    while (rest.length > 0 && !late) {
      await Promise.race([slots.waitFree(), over.promise]);
      const some = slots.acquireNowait(rest.length);
      if (some > 0) claims.push(claim(partition, rest.slice(0, some), some));
      rest = rest.slice(some);
    }
    if (rest.length > 0) claims.push(claim(partition, rest, 0));
    timer.cancel();
    this.#waiting.delete(over.promise);
    over.resolve();
    await Promise.all(claims);
  }
}
