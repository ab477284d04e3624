/** Roots that came together (adr/0024): each is a root like any other, whatever happens to it or to the others. */
import { describe, expect, vi } from 'vitest';
import type { NewRoot } from '../../../src/contract/store.ts';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { cancelled, failed, ids, partition, type Rig, type Run, succeeded } from './rig.ts';

const size = 5;
const hour = 3_600_000;

async function submitted(rig: Rig, fields: Partial<NewRoot> = {}): Promise<{ roots: TaskId[]; hinted: TaskId[] }> {
  const bundle = rig.newBundle(size, fields).map((root, i) => ({ ...root, args: JSON.stringify({ i }) }));
  const { existing, hints } = await rig.store.submit(partition, bundle);
  expect(existing).toEqual(bundle.map(() => undefined));
  return { roots: ids(bundle), hinted: ids(hints) };
}

/** All of them, claimed in one call. */
async function running(rig: Rig, fields: Partial<NewRoot> = {}): Promise<Run[]> {
  await rig.worker();
  const { roots, hinted } = await submitted(rig, fields);
  expect(hinted).toEqual(roots);
  return rig.claim(roots);
}

const settleAll = (rig: Rig, runs: readonly Run[]) =>
  rig.store.settle(
    partition,
    runs.map((run, i) => run.settlement(succeeded(i))),
  );

const statesOf = async (rig: Rig, tasks: readonly TaskId[]) =>
  (await rig.store.records(tasks)).map((record) => record?.state);

export function bundles(all: It): void {
  // Ids of a bundle lie in many partitions, so no client makes any where there are several.
  const it: It = (title, body) =>
    all(title, async (rig) => {
      if (rig.store.partitions === 1) await body(rig);
    });

  describe('Roots that come together', () => {
    it('I3 exist, each with its arguments, and are listed', async (rig) => {
      const before = await rig.submit();
      const { roots } = await submitted(rig);
      expect(await statesOf(rig, roots)).toEqual(roots.map(() => 'pending'));
      const origins = await Promise.all(roots.map((id) => rig.store.origin(id)));
      expect(origins.map((origin) => origin?.args)).toEqual(roots.map((_, i) => JSON.stringify({ i })));
      expect(await rig.store.cluster()).toMatchObject({ trees: size + 1, created: size + 1, queued: size + 1 });
      const expected = [before, ...roots].sort().reverse();
      for (const count of [1, 2, 3, 10]) {
        const listed: TaskId[] = [];
        for (let page: TaskId[]; ; listed.push(...page)) {
          page = await rig.store.roots({ before: listed.at(-1), count });
          if (page.length === 0) break;
        }
        expect(listed).toEqual(expected);
      }
    });

    it('change nothing when they are sent again', async (rig) => {
      const bundle = rig.newBundle(size);
      await rig.store.submit(partition, bundle);
      await rig.cancel(bundle[1]?.id ?? '');
      expect((await rig.store.submit(partition, bundle)).existing).toEqual(bundle.map(() => undefined));
      expect(await statesOf(rig, ids(bundle))).toEqual(['pending', 'cancelled', 'pending', 'pending', 'pending']);
    });

    it('go in the order in which they came, with others before and after them', async (rig) => {
      const before = await rig.submit();
      const { roots } = await submitted(rig);
      const after = await rig.submit();
      await rig.worker();
      const hints = await rig.runHinted((await rig.sweep()).hints);
      expect(hints).toEqual([before, ...roots, after]);
    });

    it('end together, each with its result', async (rig) => {
      const runs = await running(rig);
      await rig.advance(7);
      expect((await settleAll(rig, runs)).answers).toEqual(runs.map(() => ({ kind: 'settled' })));
      for (const [i, { id }] of runs.entries()) {
        const { outcome, attempt, worker, startedAt, finishedAt } = await rig.record(id);
        expect({ outcome, attempt, worker }).toEqual({ outcome: succeeded(i), attempt: 1, worker: 'w1' });
        expect((finishedAt ?? 0) - (startedAt ?? 0)).toBe(7);
      }
      expect(await rig.store.cluster()).toMatchObject({ tasks: { pending: 0, running: 0 }, trees: size });
      expect((await settleAll(rig, runs)).answers).toEqual(runs.map(() => ({ kind: 'settled' })));
      expect(await rig.store.held(partition, 'w1', 0)).toEqual([]);
    });

    it('T1 end each in its way', async (rig) => {
      const [a, b, c, d, e] = (await running(rig)) as [Run, Run, Run, Run, Run];
      await b.settle(failed());
      await rig.cancel(c.id);
      expect(await c.receive()).toMatchObject([{ kind: 'cancel' }]);
      expect(await d.settle(failed(), { retry: { ms: 1_000, firstOp: 1 } })).toBe('retrying');
      await settleAll(rig, [a, e]);
      await c.settle(cancelled());
      const states = await statesOf(rig, ids([a, b, c, d, e]));
      expect(states).toEqual(['succeeded', 'failed', 'cancelled', 'pending', 'succeeded']);
    });

    it('are cancelled one by one while they wait', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      const { roots, hinted } = await submitted(rig);
      expect(hinted).toEqual(roots.slice(0, 2));
      const targets = [1, 3].map((i) => ({ id: roots[i] ?? '', message: undefined }));
      const { answers, hints } = await rig.store.cancel(partition, targets);
      expect(answers).toEqual(['requested', 'requested']);
      expect(await statesOf(rig, roots)).toEqual(['pending', 'cancelled', 'pending', 'cancelled', 'pending']);
      const order = await rig.runHinted([{ id: roots[0] ?? '', priority: 0 }, ...hints]);
      expect(order).toEqual([roots[0], roots[2], roots[4]]);
    });

    it('have trees of their own: the end of one ends nothing of another', async (rig) => {
      const [first, second] = (await running(rig)) as [Run, Run];
      for (const run of [first, second]) await run.commit({ spawns: [run.spawn(1)] });
      expect(await first.settle()).toBe('ending');
      await rig.cancelTree(first.id);
      await rig.grace();
      expect(await statesOf(rig, [first.id, first.child(1), second.id, second.child(1)])).toEqual([
        ...['succeeded', 'cancelled', 'suspended', 'pending'],
      ]);
    });

    it('T3 are taken back from a worker that dies, but for what has ended', async (rig) => {
      const [first, second, ...others] = (await running(rig)) as [Run, Run, ...Run[]];
      await second.commit({ history: 'began' });
      await first.settle(succeeded(0));
      await rig.worker('w2');
      const answers = await rig.live(6_000, 'w2');
      expect(answers.reduce((sum, { expired }) => sum + expired, 0)).toBe(size - 1);
      const again = await rig.claim(ids([second, ...others]), 'w2');
      expect(again.map(({ claim }) => [claim.id, claim.attempt, claim.history])).toEqual([
        [second.id, 2, ['began']],
        ...others.map(({ id }) => [id, 2, []]),
      ]);
      expect(await others[0]?.settle()).toBe('fenced');
      await settleAll(rig, again);
      expect(await statesOf(rig, ids([first, second, ...others]))).toEqual(Array(size).fill('succeeded'));
    });

    it('tell who watches one of them of its end', async (rig) => {
      const heard: TaskId[] = [];
      await rig.store.listen(undefined, { news: (told) => void heard.push(...told) });
      const runs = await running(rig);
      const [first] = runs as [Run];
      expect(await rig.store.watch(first.id)).toMatchObject({ id: first.id, state: 'running' });
      await settleAll(rig, runs);
      await vi.waitFor(() => expect(heard).toEqual(expect.arrayContaining(ids(runs))));
      expect(await rig.store.watch(first.id)).toMatchObject({ outcome: succeeded(0) });
    });

    it('tell who follows one of them of its start', async (rig) => {
      const heard: TaskId[] = [];
      await rig.store.listen(undefined, { news: (told) => void heard.push(...told) });
      const { roots } = await submitted(rig);
      await rig.store.watch(roots[2] ?? '', true);
      await rig.worker();
      await rig.claim(ids((await rig.sweep()).hints));
      await vi.waitFor(() => expect(heard).toContain(roots[2]));
    });

    it('can be awaited by tasks of other trees', async (rig) => {
      const runs = await running(rig);
      const waiting = await rig.started();
      await waiting.commit({ subscriptions: runs.map(({ id }, op) => ({ op, id })) });
      await settleAll(rig, runs);
      expect(await waiting.receive()).toEqual(runs.map((_, op) => ({ kind: 'settled', op, outcome: succeeded(op) })));
    });

    it('are removed when the time of all is over, and of those with a record when theirs is', async (rig) => {
      const none = await rig.kept();
      const runs = await running(rig, { resultTtlMs: hour });
      const [first] = runs as [Run];
      await first.commit({ logs: ['1'] });
      await settleAll(rig, runs);
      await rig.advance(hour - 1);
      await rig.sweep();
      expect(await statesOf(rig, ids(runs))).toEqual(Array(size).fill('succeeded'));
      await rig.advance(2);
      await rig.beat('w1');
      let removed = 0;
      for (let more = true; more; ) {
        const answer = await rig.sweep();
        removed += answer.removed;
        more = answer.more;
      }
      expect(removed).toBe(size);
      expect(await statesOf(rig, ids(runs))).toEqual(Array(size).fill(undefined));
      expect(await rig.store.roots({ before: undefined, count: 10 })).toEqual([]);
      expect(await rig.store.cluster()).toMatchObject({ trees: 0, created: size });
      const ofTasks = (keys: readonly string[]) =>
        keys.filter((key) => /task|group|backlog|entries|whole|outcomes/.test(key));
      expect(ofTasks(await rig.kept())).toEqual(ofTasks(none));
      expect(await rig.cancel(first.id)).toBe('unknown');
    });
  });
}
