import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/contract/exceptions.ts';
import { GroupCommit } from '../../src/contract/group-commit.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { PatientCommit } from '../../src/worker/patient-commit.ts';

describe('group commit', () => {
  it('sends what gathers while a call is under way in one call', async () => {
    const calls: number[][] = [];
    const answer = Promise.withResolvers<void>();
    const commit = new GroupCommit<number, number>(new VirtualClock(), async (_, requests) => {
      calls.push([...requests]);
      if (calls.length === 1) await answer.promise;
      return requests.map((n) => n * 10);
    });
    const first = [commit.add(0, 1), commit.add(0, 2)];
    await new Promise(setImmediate);
    const second = [commit.add(0, 3), commit.add(0, 4)];
    answer.resolve();
    expect(await Promise.all([...first, ...second])).toEqual([10, 20, 30, 40]);
    expect(calls).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('fills a call with about 4 MiB, and puts one request at least into it', async () => {
    const calls: number[][] = [];
    const send = async (_: number, requests: readonly number[]): Promise<number[]> => {
      calls.push([...requests]);
      return [...requests];
    };
    const bytesOf = (megabytes: number): number => megabytes * 1_048_576;
    const commit = new GroupCommit<number, number>(new VirtualClock(), send, { bytesOf });
    await Promise.all([1, 2, 1, 1, 9, 3].map((megabytes) => commit.add(0, megabytes)));
    expect(calls).toEqual([[1, 2, 1], [1], [9], [3]]);
  });

  it('fills a call with 200 items, of which a request may be several', async () => {
    const calls: number[][] = [];
    const send = async (_: number, requests: readonly number[]): Promise<number[]> => {
      calls.push([...requests]);
      return [...requests];
    };
    const commit = new GroupCommit<number, number>(new VirtualClock(), send, { itemsOf: (items) => items });
    await Promise.all([100, 100, 1, 199, 150, 60, 300, 7].map((items) => commit.add(0, items)));
    expect(calls).toEqual([[100, 100], [1, 199], [150], [60], [300], [7]]);
  });

  it('lets so many calls of a partition be under way as it may, and none but the first before it is full', async () => {
    const open: PromiseWithResolvers<void>[] = [];
    const sizes: number[] = [];
    const send = async (_: number, requests: readonly number[]): Promise<number[]> => {
      sizes.push(requests.length);
      const call = Promise.withResolvers<void>();
      open.push(call);
      await call.promise;
      return [...requests];
    };
    const commit = new GroupCommit<number, number>(new VirtualClock(), send, { mostUnderWay: 2 });
    const numbers = Array.from({ length: 650 }, (_, n) => n);
    const answers = Promise.all(numbers.map((n) => commit.add(0, n)));
    await new Promise(setImmediate);
    expect(sizes).toEqual([200, 200]);
    open[1]?.resolve();
    await new Promise(setImmediate);
    expect(sizes).toEqual([200, 200, 200]);
    open[2]?.resolve();
    await new Promise(setImmediate);
    expect(sizes).toHaveLength(3); // the 50 that are left may become more
    open[0]?.resolve();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(sizes).toEqual([200, 200, 200, 50]);
    open[3]?.resolve();
    expect(await answers).toEqual(numbers);
    expect(commit.unanswered).toBe(0);
  });

  it('answers many requests at once in their order, also when they share calls with others', async () => {
    const sizes: number[] = [];
    const send = async (_: number, requests: readonly number[]): Promise<number[]> => {
      sizes.push(requests.length);
      return requests.map((n) => n * 10);
    };
    const commit = new GroupCommit<number, number>(new VirtualClock(), send);
    const numbers = Array.from({ length: 350 }, (_, n) => n);
    const [before, all, none, after] = await Promise.all([
      commit.add(0, -1),
      commit.addAll(0, numbers),
      commit.addAll(0, []),
      commit.add(0, -2),
    ]);
    expect([before, after, none]).toEqual([-10, -20, []]);
    expect(all).toEqual(numbers.map((n) => n * 10));
    expect(sizes).toEqual([200, 152]);
    expect(commit.unanswered).toBe(0);
    expect(await commit.addAll(1, [])).toEqual([]); // and nothing is sent for it
    expect(sizes).toHaveLength(2);
  });

  it('rejects many requests when one of their calls has failed, and takes others after it', async () => {
    let calls = 0;
    const send = async (_: number, requests: readonly number[]): Promise<number[]> => {
      calls += 1;
      if (calls === 2) throw new StoreUnavailableError('away');
      return [...requests];
    };
    const commit = new GroupCommit<number, number>(new VirtualClock(), send);
    const numbers = Array.from({ length: 450 }, (_, n) => n);
    await expect(commit.addAll(0, numbers)).rejects.toThrow('away');
    expect(await commit.addAll(0, [7])).toEqual([7]);
    expect(commit.unanswered).toBe(0);
  });

  it('lets what an answer begins, and what ends at once, go with what waited for the answer', async () => {
    const clock = new VirtualClock();
    const calls: string[][] = [];
    const commit = new GroupCommit<string, string>(clock, async (_, requests) => {
      calls.push([...requests]);
      await new Promise(setImmediate);
      return [...requests];
    });
    const follows = async (first: string, next: string): Promise<string> => {
      await commit.add(0, first);
      await clock.drain();
      return await commit.add(0, next);
    };
    const began = follows('a', 'c');
    await clock.drain();
    await Promise.all([began, commit.add(0, 'b')]);
    expect(calls).toEqual([['a'], ['b', 'c']]);
  });

  it('keeps partitions apart', async () => {
    const calls: number[] = [];
    const commit = new GroupCommit<string, string>(new VirtualClock(), async (partition, requests) => {
      calls.push(partition);
      return [...requests];
    });
    await Promise.all([commit.add(0, 'a'), commit.add(1, 'b')]);
    expect(calls.sort()).toEqual([0, 1]);
  });

  it('of a worker sends the same requests again while the store is away', async () => {
    let away = 3;
    const seen: string[] = [];
    const commit = new PatientCommit<string, string>(new VirtualClock({ autojump: true }), async (_, requests) => {
      seen.push(requests.join());
      if (away-- > 0) throw new StoreUnavailableError('away');
      return [...requests];
    });
    expect(await commit.add(0, 'a')).toBe('a');
    expect(seen).toEqual(['a', 'a', 'a', 'a']);
  });

  it('gives any other error to those who asked, and goes on with the next', async () => {
    const commit = new GroupCommit<string, string>(new VirtualClock(), async (_, requests) => {
      if (requests.includes('bad')) throw new Error('refused');
      return [...requests];
    });
    await expect(commit.add(0, 'bad')).rejects.toThrow('refused');
    expect(await commit.add(0, 'good')).toBe('good');
  });
});
