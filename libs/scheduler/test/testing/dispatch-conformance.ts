/** The contract of the port Dispatch as tests: run by the dispatch in memory and by the one over BullMQ. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Consumption, Dispatch, Hint } from '../../src/contract/dispatch.ts';
import type { TaskId } from '../../src/contract/task.ts';

const hints = (names: string, priority = 0): Hint[] => names.split(' ').map((id) => ({ id, priority }));

const soon = { timeout: 5_000, interval: 2 };

/** A consumer whose slots and batches are in the hands of the test. */
class Taker {
  readonly batches: TaskId[][] = [];
  readonly errors: unknown[] = [];
  readonly consumption: Consumption;
  #slots: number;
  #freed = Promise.withResolvers<void>();
  #handled = Promise.withResolvers<void>();
  #holds: boolean;

  /** `holds`: a batch stays in hand until `handle()` is called. */
  constructor(dispatch: Dispatch, { partition = 0, slots = 100, holds = false } = {}) {
    this.#slots = slots;
    this.#holds = holds;
    this.consumption = dispatch.consume(partition, {
      free: async () => {
        while (this.#slots === 0) await this.#freed.promise;
      },
      take: async (ids) => {
        this.#slots--;
        this.batches.push([...ids]);
        if (this.#holds) await this.#handled.promise;
        if (ids.includes('bad')) throw new Error('bad batch');
      },
      failed: (error) => this.errors.push(error),
    });
  }

  get ids(): TaskId[] {
    return this.batches.flat();
  }

  free(slots: number): void {
    this.#slots += slots;
    this.#freed.resolve();
    this.#freed = Promise.withResolvers();
  }

  handle(): void {
    this.#holds = false;
    this.#handled.resolve();
  }

  has(...ids: TaskId[]): Promise<void> {
    return vi.waitFor(() => expect(this.ids).toEqual(ids), soon);
  }
}

export function dispatchConformance(name: string, makeDispatch: () => Promise<Dispatch>): void {
  describe(name, () => {
    let dispatch: Dispatch;
    const takers: Taker[] = [];
    beforeEach(async () => {
      dispatch = await makeDispatch();
    });
    afterEach(async () => {
      for (const taker of takers.splice(0)) {
        taker.handle();
        await taker.consumption.stop();
      }
      await dispatch.close();
    });
    const consume = (options?: ConstructorParameters<typeof Taker>[1]): Taker => {
      const taker = new Taker(dispatch, options);
      takers.push(taker);
      return taker;
    };

    test('brings ids in the order in which they were sent', async () => {
      await dispatch.send(0, hints('a b'), 1);
      await dispatch.send(0, hints('c'), 1);
      await consume().has('a', 'b', 'c');
    });

    test('brings ids to those who wait already', async () => {
      const taker = consume();
      await dispatch.send(0, hints('a'), 1);
      await taker.has('a');
      await dispatch.send(0, hints('b'), 1);
      await taker.has('a', 'b');
    });

    test('fills batches and never more', async () => {
      await dispatch.send(0, hints('a b c d e'), 2);
      const taker = consume();
      await taker.has('a', 'b', 'c', 'd', 'e');
      expect(taker.batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    });

    test('sends nothing for nothing', async () => {
      await dispatch.send(0, [], 10);
      expect(await dispatch.backlog(0)).toBe(0);
    });

    test('tells how many batches nobody has fetched', async () => {
      await dispatch.send(0, hints('a b c d e'), 2);
      expect(await dispatch.backlog(0)).toBe(3);
      await consume().has('a', 'b', 'c', 'd', 'e');
      expect(await dispatch.backlog(0)).toBe(0);
    });

    test('fetches nothing while no slot is free', async () => {
      await dispatch.send(0, hints('a b c'), 1);
      const taker = consume({ slots: 1 });
      await taker.has('a');
      expect(await dispatch.backlog(0)).toBe(2);
      taker.free(2);
      await taker.has('a', 'b', 'c');
    });

    test('brings the urgent first', async () => {
      await dispatch.send(0, [...hints('usual'), ...hints('urgent', 5), ...hints('now', 1_000_000)], 10);
      await consume().has('now', 'urgent', 'usual');
    });

    test('keeps partitions apart', async () => {
      await dispatch.send(1, hints('b'), 1);
      await dispatch.send(0, hints('a'), 1);
      await consume({ partition: 0 }).has('a');
      await consume({ partition: 1 }).has('b');
    });

    test('brings each batch to one of many', async () => {
      const all = [consume(), consume(), consume()];
      const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
      await dispatch.send(0, hints(ids.join(' ')), 1);
      const brought = () => all.flatMap((taker) => taker.ids).sort();
      await vi.waitFor(() => expect(brought()).toEqual([...ids].sort()), soon);
    });

    test('tells of a batch that could not be handled, and goes on', async () => {
      const taker = consume();
      await dispatch.send(0, hints('bad'), 1);
      await vi.waitFor(() => expect(taker.errors).toHaveLength(1), soon);
      await dispatch.send(0, hints('good'), 1);
      await taker.has('bad', 'good');
    });

    test('stops when the batch in hand has been handled', async () => {
      await dispatch.send(0, hints('a b'), 1);
      const taker = consume({ slots: 1, holds: true });
      await taker.has('a');
      const stopped = vi.fn();
      const stopping = taker.consumption.stop().then(stopped);
      await dispatch.backlog(0);
      expect(stopped).not.toHaveBeenCalled();
      taker.handle();
      await stopping;
      expect(taker.ids).toEqual(['a']);
      await consume().has('b');
    });

    test('stops though no slot is free', async () => {
      const taker = consume({ slots: 0 });
      await taker.consumption.stop();
      taker.free(1);
      await dispatch.send(0, hints('a'), 1);
      await consume().has('a');
      expect(taker.ids).toEqual([]);
    });

    test('stops though nothing is there to fetch', async () => {
      const taker = consume();
      await dispatch.backlog(0);
      await taker.consumption.stop();
      await dispatch.send(0, hints('a'), 1);
      await consume().has('a');
      expect(taker.ids).toEqual([]);
    });
  });
}
