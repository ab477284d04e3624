/**
 * Hands out ready tasks: all that became ready in one turn of the event loop together. This worker keeps what is placed
 * near it, and of many its own share, while it has free slots, and claims it without a way through Dispatch; the rest
 * goes out in batches that follow the slots of the cluster. Few tasks go one each, many in batches, and no batch is
 * so large that one worker holds what another could run.
 *
 * What the store tells this worker directly came to nobody else: it is claimed at once, or goes out through Dispatch.
 */
import type { Clock } from '../contract/clock.ts';
import type { Dispatch, Hint } from '../contract/dispatch.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { TaskId } from '../contract/task.ts';

/** Beyond 100 ids a job the gain is small: 83,000 tasks/s at 100, 104,000 at 1,000 (a prototype of this design). */
const largestBatch = 100;

export interface HinterParts {
  dispatch: Dispatch;
  clock: Clock;
  instrument: Instrument;
  /** Of this worker, until the store tells more. */
  slots: number;
  /** Claims up to `ids.length` of them here, and tells how many: as many as it has slots to spare for. The first `near` are
   *  to start here. */
  keep(partition: number, ids: readonly TaskId[], near: number): number;
}

export class Hinter {
  readonly #parts: HinterParts;
  readonly #waiting = new Map<number, { own: Hint[]; others: Hint[]; taken: number }>();
  readonly #sending = new Set<Promise<void>>();
  #workers = 1;
  #slots: number;

  constructor(parts: HinterParts) {
    this.#parts = parts;
    this.#slots = parts.slots;
  }

  /** As the store has just told: slots of all that take work; where it does not say of how many workers, they are like this
   *  one. The first tasks must not wait for the first sweep to be spread. */
  resize(slots: number, workers = Math.ceil(slots / this.#parts.slots)): void {
    this.#workers = Math.max(1, workers);
    this.#slots = Math.max(1, slots);
  }

  /** Does not fail: a hint that gets lost here is given out again by the sweep (D1). `near`: stays here while there are
   *  slots; `taken`: so many of what became ready with them have been claimed here already. */
  send(
    partition: number,
    hints: readonly Hint[],
    { near, taken = 0 }: { near?: ReadonlySet<TaskId>; taken?: number } = {},
  ): void {
    if (hints.length === 0) return;
    const waiting = this.#waiting.get(partition);
    const { own, others, taken: before } = waiting ?? { own: [], others: [], taken: 0 };
    for (const hint of hints) (near?.has(hint.id) ? own : others).push(hint);
    this.#waiting.set(partition, { own, others, taken: before + taken });
    if (waiting !== undefined) return;
    this.#follow(this.#flush(partition));
  }

  /** Direct hints (Listener.hints). As `send` it does not fail. */
  take(partition: number, hints: readonly Hint[]): void {
    const ids = hints.map(({ id }) => id);
    const rest = hints.slice(this.#parts.keep(partition, ids, ids.length));
    if (rest.length > 0) this.#follow(this.#parts.dispatch.send(partition, rest, 1));
  }

  #follow(sent: Promise<void>): void {
    const sending = sent
      .catch((error: unknown) =>
        this.#parts.instrument.warning?.('could not hand out ready tasks; the sweep will', error),
      )
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Resolves when all that was to be sent has been, or has failed. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #flush(partition: number): Promise<void> {
    await this.#parts.clock.drain();
    const { own, others, taken } = this.#waiting.get(partition) ?? { own: [], others: [], taken: 0 };
    this.#waiting.delete(partition);
    // Some few go to whoever comes for them: this worker comes, too, and with a share kept it would have more than the others.
    const all = others.length + taken;
    const some = all > 1 && all <= this.#parts.slots;
    const share = some ? 0 : Math.max(0, Math.ceil(all / this.#workers) - taken);
    const ids = [...own, ...others.slice(0, share)].map(({ id }) => id);
    const rest = [...own, ...others].slice(this.#parts.keep(partition, ids, own.length));
    if (rest.length === 0) return;
    const half = Math.ceil(rest.length / (2 * this.#workers));
    const most = Math.min(largestBatch, Math.ceil(this.#slots / this.#workers));
    await this.#parts.dispatch.send(partition, rest, Math.min(half, most));
  }
}
