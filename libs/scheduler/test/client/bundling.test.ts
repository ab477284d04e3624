/** B3: which tasks of a batch the client makes a bundle of, and that the store gets each bundle whole. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type NewTask, Submits } from '../../src/client/submits.ts';
import { largestBundle, memberOf } from '../../src/contract/ids.ts';
import { bytesPerCall } from '../../src/contract/limits.ts';
import type { NewRoot, Store } from '../../src/contract/store.ts';
import { VirtualClock } from '../../src/testing/index.ts';

const start = 1_700_000_000_000;

/** Calls of `submit` as the store gets them. */
function client({ partitions = 1 } = {}) {
  const calls: NewRoot[][] = [];
  const store: Pick<Store, 'partitions' | 'submit'> = {
    partitions,
    submit: async (_partition, roots) => {
      calls.push([...roots]);
      return { existing: roots.map(() => undefined), createdAt: start, hints: [] };
    },
  };
  const submits = new Submits({
    store: store as Store,
    clock: new VirtualClock({ start, seed: randomBytes(4).readUInt32BE() }),
    limits: { payload: 2 * bytesPerCall } as never,
    hint: () => {},
    creating: () => {},
  });
  return { submits, calls };
}

const plain = (count: number): NewTask[] => Array.from({ length: count }, (_, i) => ({ coroutine: 'echo', args: i }));

/** The sizes of its bundles in their order; 1 for a root that is in none. */
function sizes(roots: readonly NewRoot[]): number[] {
  const runs: { group: string | undefined; size: number }[] = [];
  for (const { id } of roots) {
    const { group, index } = memberOf(id) ?? { group: undefined, index: '0' };
    const last = runs.at(-1);
    if (group === undefined || last?.group !== group) runs.push({ group, size: 0 });
    expect(index).toBe(String(runs.at(-1)?.size));
    (runs.at(-1) as { size: number }).size += 1;
  }
  return runs.map(({ size }) => size);
}

describe('B3 a batch', () => {
  it('of plain tasks is made of bundles, in its order', async () => {
    const { submits, calls } = client();
    const submitted = await submits.all(plain(2 * largestBundle + 30), {});
    expect(calls.map(sizes)).toEqual([[largestBundle], [largestBundle], [30]]);
    expect(submitted.map(({ task }) => task.id)).toEqual(calls.flat().map(({ id }) => id));
    expect(calls.flat().map(({ args }) => args)).toEqual(plain(2 * largestBundle + 30).map(({ args }) => String(args)));
  });

  it('is never divided within a bundle, whatever comes with it', async () => {
    const { submits, calls } = client();
    await Promise.all([
      submits.one({ coroutine: 'echo', args: 0 }, {}),
      ...[150, 150, 60].map((n) => submits.all(plain(n), {})),
    ]);
    expect(calls.map(sizes)).toEqual([[1, 150], [150], [60]]);
  });

  it.each<[string, number[], (tasks: NewTask[]) => NewTask[]]>([
    ['few', Array(19).fill(1), (tasks) => tasks.slice(0, 19)],
    [
      'one with a priority',
      [20, 1, 20],
      (tasks) => tasks.with(20, { ...(tasks[0] as NewTask), options: { priority: 1 } }),
    ],
    [
      'one with a deadline',
      [20, 1, 20],
      (tasks) => tasks.with(20, { ...(tasks[0] as NewTask), options: { deadline: 9 } }),
    ],
    [
      'one that expires',
      [20, 1, 20],
      (tasks) => tasks.with(20, { ...(tasks[0] as NewTask), options: { expiresAfter: 9 } }),
    ],
    [
      'one that is kept for less',
      [20, 1, 20],
      (tasks) => tasks.with(20, { ...(tasks[0] as NewTask), options: { resultTtlMs: 5000 } }),
    ],
    [
      'names and retries',
      [41],
      (tasks) => tasks.map((task) => ({ ...task, options: { name: 'n', retry: { attempts: 2 } } })),
    ],
    ['a trace', [41], (tasks) => tasks],
  ])('of %s', async (what, expected, change) => {
    const { submits, calls } = client();
    const trace = what === 'a trace' ? { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` } : undefined;
    await submits.all(change(plain(41)), { trace });
    expect(calls.flatMap(sizes)).toEqual(expected);
  });

  it('of large tasks is made of bundles that fit into a call', async () => {
    const { submits, calls } = client();
    const args = 'x'.repeat(Math.floor(bytesPerCall / 50));
    await submits.all(
      plain(100).map((task) => ({ ...task, args })),
      {},
    );
    expect(calls.map((roots) => roots.length)).toEqual([49, 49, 2]);
    expect(calls.flatMap(sizes)).toEqual([49, 49, 1, 1]);
  });

  it('with an idempotency key, and where there are several partitions, has none', async () => {
    for (const [{ submits, calls }, key] of [
      [client(), 'k'] as const,
      [client({ partitions: 4 }), undefined] as const,
    ]) {
      await submits.all(plain(30), key === undefined ? {} : { idempotencyKey: key });
      expect(calls.flatMap(sizes)).toEqual(Array(30).fill(1));
    }
  });
});
