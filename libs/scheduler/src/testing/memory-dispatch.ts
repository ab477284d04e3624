/** The port Dispatch in memory: one line of batches for each partition, the most urgent first, then first in, first out. */
import type { Clock } from '../contract/clock.ts';
import type { Consumer, Consumption, Dispatch, Hint } from '../contract/dispatch.ts';
import type { TaskId } from '../contract/task.ts';
import { Heap } from './heap.ts';

export interface MemoryDispatchOptions {
  clock: Clock;
  /** When each copy of a batch arrives, in ms from now. `[]` loses it, `[0, 50]` doubles it. */
  carry?: (ids: readonly TaskId[]) => readonly number[];
}

interface Batch {
  priority: number;
  ids: TaskId[];
}

/** Batches that wait for a consumer, or consumers that wait for a batch; never both. */
class Line {
  readonly batches = new Heap<Batch>((a, b) => b.priority - a.priority);
  readonly waiting = new Set<(batch: Batch | undefined) => void>();

  put(batch: Batch): void {
    const [first] = this.waiting;
    if (first === undefined) this.batches.push(batch);
    else {
      this.waiting.delete(first);
      first(batch);
    }
  }
}

export class MemoryDispatch implements Dispatch {
  readonly #clock: Clock;
  readonly #carry: (ids: readonly TaskId[]) => readonly number[];
  readonly #lines = new Map<number, Line>();
  readonly #consumptions = new Set<Consumption>();

  constructor({ clock, carry = () => [0] }: MemoryDispatchOptions) {
    this.#clock = clock;
    this.#carry = carry;
  }

  async send(partition: number, hints: readonly Hint[], batch: number): Promise<void> {
    const line = this.#line(partition);
    for (const { priority, ids } of batches(hints, batch))
      for (const ms of this.#carry(ids))
        if (ms === 0) line.put({ priority, ids });
        else this.#clock.setTimer(ms, () => line.put({ priority, ids }));
  }

  async backlog(partition: number): Promise<number> {
    return this.#line(partition).batches.size;
  }

  consume(partition: number, consumer: Consumer): Consumption {
    const line = this.#line(partition);
    let stopped = false;
    let wake: (batch: Batch | undefined) => void = () => undefined;
    let inHand: Promise<void> = Promise.resolve();
    const next = (): Promise<Batch | undefined> =>
      new Promise((resolve) => {
        wake = resolve;
        line.waiting.add(resolve);
      });
    const serve = async (): Promise<void> => {
      for (;;) {
        await consumer.free();
        const batch = stopped ? undefined : (line.batches.pop() ?? (await next()));
        if (batch !== undefined && stopped) line.put(batch);
        if (batch === undefined || stopped) return;
        inHand = consumer.take(batch.ids).catch((error: unknown) => consumer.failed(error));
        await inHand;
      }
    };
    void serve();
    const consumption: Consumption = {
      stop: async () => {
        stopped = true;
        this.#consumptions.delete(consumption);
        line.waiting.delete(wake);
        wake(undefined);
        await inHand;
      },
    };
    this.#consumptions.add(consumption);
    return consumption;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
  }

  #line(partition: number): Line {
    const line = this.#lines.get(partition) ?? new Line();
    this.#lines.set(partition, line);
    return line;
  }
}

/** Ids of one priority, at most `size` in a batch. */
function* batches(hints: readonly Hint[], size: number): Generator<Batch> {
  for (const [priority, group] of Map.groupBy(hints, (hint) => hint.priority))
    for (let i = 0; i < group.length; i += size) yield { priority, ids: group.slice(i, i + size).map(({ id }) => id) };
}
