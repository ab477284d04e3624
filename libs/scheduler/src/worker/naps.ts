/**
 * Naps: tasks that wait on this worker for a moment while nothing of them is recorded (turns.ts, U1). They hold no slot, and to
 * the store they run.
 *
 * Owns: how many there are in each partition, and that the store hears of it. Does not own: who naps, and for how long.
 */
import type { Clock } from '../contract/clock.ts';
import type { TaskId } from '../contract/task.ts';
import type { TaskRun } from './run.ts';

export interface NapsParts {
  clock: Clock;
  slots: { total: number };
  partition(id: TaskId): number;
  /** No more than so many at once. */
  most: number;
  /** Tells the store, which gives other tasks for the slots that are free. */
  tell(partition: number): Promise<unknown>;
  failed(error: unknown): void;
}

interface Count {
  now: number;
  /** Undefined when it is not sure what the store knows. */
  told: number | undefined;
}

export class Naps {
  readonly #parts: NapsParts;
  readonly #counts = new Map<number, Count>();
  readonly #telling = new Set<number>();
  #all = 0;

  constructor(parts: NapsParts) {
    this.#parts = parts;
  }

  get areTooMany(): boolean {
    return this.#all >= this.#parts.most;
  }

  rests({ claim }: TaskRun): void {
    const partition = this.#parts.partition(claim.id);
    this.#all += 1;
    this.#count(partition).now += 1;
    if (this.#isWorthACall(partition) && !this.#telling.has(partition)) void this.#tell(partition);
  }

  goesOn({ claim }: TaskRun): void {
    this.#all -= 1;
    this.#count(this.#parts.partition(claim.id)).now -= 1;
  }

  /** How many there are, for a call that goes to the store now; undefined when it knows. */
  news(partition: number): number | undefined {
    const count = this.#count(partition);
    if (count.now === count.told) return undefined;
    count.told = count.now;
    return count.now;
  }

  /** The call has failed. */
  notTold(partition: number): void {
    this.#count(partition).told = undefined;
  }

  #count(partition: number): Count {
    let count = this.#counts.get(partition);
    if (count === undefined) {
      count = { now: 0, told: 0 };
      this.#counts.set(partition, count);
    }
    return count;
  }

  /** So many slots are free that the store takes for used. Fewer are told of with the next call that goes there anyway. */
  #isWorthACall(partition: number): boolean {
    const { now, told = 0 } = this.#count(partition);
    return now - told >= this.#parts.slots.total / 4;
  }

  async #tell(partition: number): Promise<void> {
    this.#telling.add(partition);
    await this.#parts.clock.drain(); // those that begin together are told of together
    try {
      while (this.#isWorthACall(partition)) await this.#parts.tell(partition);
    } catch (error) {
      this.#parts.failed(error); // the next one to nap tries again
    }
    this.#telling.delete(partition);
  }
}
