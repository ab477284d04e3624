/** Results of a large gather are read while its last members run. */
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/contract/outcome.ts';
import { coroutine } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';
import { ReadAhead } from '../../src/worker/read-ahead.ts';

/** Members up to `ended` have ended, each with its number. */
function ahead(trouble: { ended: number; away?: boolean }) {
  const asked: number[] = [];
  const pages = new ReadAhead(async (_group, from, count) => {
    asked.push(from);
    if (trouble.away) throw new Error('away');
    const outcomeOf = (index: number): Outcome | undefined =>
      index < trouble.ended ? { state: 'succeeded', payload: String(index) } : undefined;
    return {
      ...{ size: 5000, openMs: 0, decidedMs: 0 },
      outcomes: Array.from({ length: count }, (_, i) => outcomeOf(from + i)),
    };
  });
  const turn = () => new Promise(setImmediate);
  const saw = async (...indices: number[]): Promise<void> => {
    for (const index of indices) {
      pages.saw('g', index);
      await turn();
    }
  };
  return { pages, asked, saw };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a page is read ahead', () => {
  it('when members long after it are claimed, one after the other', async () => {
    const { pages, asked, saw } = ahead({ ended: 5000 });
    pages.expect('p', 'g', 5000);
    await saw(0, 1499, 1500, 1501, 2499, 2500);
    expect(asked).toEqual([0, 1000]);
    expect(await pages.take('g')).toEqual(numbers(2000));
    expect(await pages.take('g')).toEqual([]);
  });

  it('and counts when all of it has ended; else it is read once more, later', async () => {
    const trouble = { ended: 999 };
    const { pages, asked, saw } = ahead(trouble);
    pages.expect('p', 'g', 5000);
    await saw(1500);
    trouble.ended = 5000;
    await saw(1501, 1999, 2000);
    expect(asked).toEqual([0, 0]);
    expect(await pages.take('g')).toEqual(numbers(1000));
  });

  it('and is none when it cannot be read', async () => {
    const { pages, saw } = ahead({ ended: 5000, away: true });
    pages.expect('p', 'g', 5000);
    await saw(1500);
    expect(await pages.take('g')).toEqual([]);
  });

  it('for large gathers of tasks that run here', async () => {
    const { pages, asked, saw } = ahead({ ended: 5000 });
    pages.expect('p', 'g', 1500);
    expect(pages.isEmpty).toBe(true);
    pages.expect('p', 'g', 5000);
    pages.forget('other');
    expect(pages.isEmpty).toBe(false);
    pages.forget('p');
    await saw(4000);
    expect([pages.isEmpty, asked]).toEqual([true, []]);
  });

  it('and the whole gather has its results in order', async () => {
    const echo = coroutine('echo', async (_, { n }: { n: number }) => n);
    const all = coroutine('all', async (loop) => loop.gather(numbers(4321).map((n) => echo({ n }))));
    const froms: number[] = [];
    await using cluster = await memoryCluster({ coroutines: [echo, all], workers: 1 });
    const { members } = cluster.store;
    cluster.store.members = async (partition, group, from, count) => {
      const records = await cluster.store.records([group.slice(0, 28)]);
      if (records[0]?.children.running !== 0) froms.push(from);
      return members.call(cluster.store, partition, group, from, count);
    };
    expect((await cluster.run(all())).result).toEqual(numbers(4321));
    expect(froms).toEqual([0, 1000, 2000]);
  });
});
