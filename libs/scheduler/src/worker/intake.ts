/**
 * Intake: tasks that this worker is to run, claimed as slots become free.
 *
 * There may be more of them than free slots. What is left waits here for a moment, because most tasks are short and to hand
 * them out anew costs as much as to run them: of a gather of 10,000 half were handed out twice. After that it goes back to
 * `ready`, so that a busy worker does not keep what another could run (K1).
 *
 * They come from Dispatch in batches, one at a time: no other is fetched while one waits. And they come from this worker's
 * own calls (keep), which saves the way through Dispatch; whoever waits first gets slots first, so neither holds up the other.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';
import type { Slots } from './slots.ts';

const patienceMs = 20;
/** Where own tasks have waited in vain, tasks are long, and for so long none is made to wait. */
const impatientMs = 1000;

export interface IntakeParts {
  clock: Clock;
  slots: Slots;
  /** Claims up to `slots` of them, which have been acquired, and gives the others back. */
  claim(partition: number, ids: readonly TaskId[], slots: number): Promise<unknown>;
}

export class Intake {
  readonly #parts: IntakeParts;
  readonly #waiting = new Set<Promise<unknown>>();
  /** Own tasks that wait. */
  #kept = 0;
  readonly #keeping = new Set<Promise<void>>();
  #inVainAt = Number.NEGATIVE_INFINITY;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Resolves when there is room for another batch: no other waits, and a slot has become free, also if own tasks that
   *  waited longer have got it, or else a batch would never be fetched. */
  async free(): Promise<void> {
    const { slots } = this.#parts;
    do {
      await Promise.all(this.#waiting);
      await slots.waitFree();
    } while (this.#waiting.size > 0);
  }

  /** Resolves when all have been claimed or given back. */
  async take(partition: number, ids: readonly TaskId[]): Promise<void> {
    const { now, rest } = this.#split(partition, ids);
    if (rest.length === 0) return await now;
    const over = Promise.withResolvers<void>();
    this.#waiting.add(over.promise);
    const late = this.#takeRest(partition, rest, () => {
      this.#waiting.delete(over.promise);
      over.resolve();
    });
    await Promise.all([now, late]);
  }

  /** How many own tasks may be kept. */
  get room(): number {
    const { clock, slots } = this.#parts;
    const mayWait = clock.monotonic() - this.#inVainAt >= impatientMs;
    return slots.free + (mayWait ? Math.max(0, slots.total - this.#kept) : 0);
  }

  /** As `take`, for up to `room` own tasks. */
  keep(partition: number, ids: readonly TaskId[]): Promise<void> {
    const keeping = this.#keep(partition, ids).finally(() => this.#keeping.delete(keeping));
    this.#keeping.add(keeping);
    return keeping;
  }

  /** Resolves when no own task waits any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#keeping);
  }

  async #keep(partition: number, ids: readonly TaskId[]): Promise<void> {
    const { now, rest } = this.#split(partition, ids);
    if (rest.length === 0) return await now;
    this.#kept += rest.length;
    const late = this.#takeRest(partition, rest, (inVain) => {
      this.#kept -= rest.length;
      if (inVain) this.#inVainAt = this.#parts.clock.monotonic();
    });
    await Promise.all([now, late]);
  }

  #split(partition: number, ids: readonly TaskId[]): { now: Promise<void>; rest: readonly TaskId[] } {
    const count = this.#parts.slots.acquireNowait(ids.length);
    return { now: this.#claim(partition, ids.slice(0, count), count), rest: ids.slice(count) };
  }

  async #claim(partition: number, ids: readonly TaskId[], slots: number): Promise<void> {
    if (ids.length > 0) await this.#parts.claim(partition, ids, slots);
  }

  /** `over`: none of them waits any more; `inVain`: because it took too long. */
  async #takeRest(partition: number, ids: readonly TaskId[], over: (inVain: boolean) => void): Promise<void> {
    const { clock, slots } = this.#parts;
    const patience = Promise.withResolvers<void>();
    let late = false;
    const timer = clock.setTimer(patienceMs, () => {
      late = true;
      patience.resolve();
    });
    const claims: Promise<void>[] = [];
    let rest = ids;
    while (rest.length > 0 && !late) {
      await Promise.race([slots.waitFree(), patience.promise]);
      const some = slots.acquireNowait(rest.length);
      claims.push(this.#claim(partition, rest.slice(0, some), some));
      rest = rest.slice(some);
    }
    timer.cancel();
    over(rest.length > 0);
    await Promise.all([...claims, this.#claim(partition, rest, 0)]);
  }
}
