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

class Line {
  readonly #batches = new Heap<Batch>((a, b) => b.priority - a.priority);
  readonly #waiting: ((batch: Batch | undefined) => void)[] = [];

  get size(): number {
    return this.#batches.size;
  }

  put(batch: Batch): void {
    const consumer = this.#waiting.shift();
    if (consumer === undefined) this.#batches.push(batch);
    else consumer(batch);
  }

  /** The next batch, now or later; undefined once `quit` has resolved. */
  async next(quit: Promise<void>): Promise<Batch | undefined> {
    const batch = this.#batches.pop();
    if (batch !== undefined) return batch;
    const turn = Promise.withResolvers<Batch | undefined>();
    this.#waiting.push(turn.resolve);
    void quit.then(() => {
      const place = this.#waiting.indexOf(turn.resolve);
      if (place >= 0) this.#waiting.splice(place, 1);
      turn.resolve(undefined);
    });
    return turn.promise;
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
    return this.#line(partition).size;
  }

  consume(partition: number, consumer: Consumer): Consumption {
    const line = this.#line(partition);
    const quit = Promise.withResolvers<void>();
    let stopped = false;
    let inHand: Promise<void> = Promise.resolve();
    const serve = async (): Promise<void> => {
      while (!stopped) {
        await Promise.race([consumer.free(), quit.promise]);
        const batch = stopped ? undefined : await line.next(quit.promise);
        if (batch === undefined) return;
        inHand = consumer.take(batch.ids).catch((error: unknown) => consumer.failed(error));
        await inHand;
      }
    };
    void serve();
    const consumption: Consumption = {
      stop: async () => {
        stopped = true;
        this.#consumptions.delete(consumption);
        quit.resolve();
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
