import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { day, failed, leaves, partition, type Rig, type Run } from './rig.ts';

const hour = 3_600_000;
const ttl = { resultTtlMs: hour };

/** A tree with everything that a task can leave behind; all of it has ended. */
async function mixedLoad(rig: Rig): Promise<Run> {
  const outside = await rig.started({ ...ttl });
  const root = await rig.started({ ...ttl, idempotency: { key: `k ${outside.id}`, fingerprint: 'f' } });
  await rig.store.stage(partition, root.child(3), root.claim.token, 0, leaves(3));
  await root.commit({
    history: 'began',
    spawns: [root.spawn(0), root.spawn(1, { coroutine: 'main' }), root.spawn(2, { coroutine: 'nobody' })],
    groups: [
      root.group(3, leaves(2), { staged: 3 }),
      root.group(4, leaves(30), { limit: 2 }),
      root.group(5, []),
      root.group(6, leaves(4), { returnExceptions: true }),
    ],
    timers: [
      { op: 7, ms: 1_000 },
      { op: 8, ms: 365 * day },
    ],
    events: [{ kind: 'step', op: 9, outcome: failed() }],
    logs: ['1', '"two"'],
    progress: '0.5',
  });
  await outside.commit({ subscriptions: [{ op: 0, id: root.child(1) }], timers: [{ op: 1, ms: 1_000 }] });
  await rig.store.watch(root.child(1));
  const below = await rig.claimOne(root.child(1));
  await below.commit({ groups: [below.group(0, leaves(3))], timers: [{ op: 1, ms: day }], logs: ['"below"'] });
  await rig.runHinted((await rig.sweep()).hints, { count: 12 });
  await rig.cancel(below.member(0, 2));
  await rig.live(1_000, 'w1');
  await below.settle();
  await root.commit({ cancelGroups: [{ id: root.child(4), message: 'enough' }], cancels: [], logs: ['3'] });
  expect(await root.settle(failed())).toBe('ending');
  await rig.cancelTree(root.id);
  await rig.runHinted((await rig.sweep()).hints);
  for (let rounds = 0; rounds < 10 && (await rig.record(root.id)).outcome === undefined; rounds++) {
    await rig.cancelTree(root.id);
    const answers = await rig.live(3_000, 'w1');
    await rig.runHinted(answers.flatMap(({ hints }) => hints));
  }
  expect((await rig.record(root.id)).state).toBe('failed');
  await outside.settle();
  return root;
}

async function later(rig: Rig, ms: number): Promise<void> {
  await rig.advance(ms);
  await rig.beat('w1');
  await removeAll(rig);
}

/** Sweeps until there is nothing left to do; the numbers of removed tasks. */
async function removeAll(rig: Rig): Promise<number[]> {
  const removed: number[] = [];
  for (let calls = 0; calls < 1_000; calls++) {
    const answer = await rig.sweep();
    removed.push(answer.removed);
    if (!answer.more) return removed;
  }
  throw new Error('1,000 sweeps, and still more to do');
}

export function retention(it: It): void {
  describe('A settled tree is removed when its time is over', () => {
    it('and nothing of it is left', async (rig) => {
      await rig.worker();
      await mixedLoad(rig);
      await later(rig, hour + 5_000);
      const before = await rig.kept();
      const root = await mixedLoad(rig);
      const full = await rig.kept();
      expect(full.length).toBeGreaterThan(before.length + 20);
      await later(rig, hour + 5_000);
      expect((await rig.kept()).sort()).toEqual(before.sort());
      expect(await rig.store.records([root.id, root.child(1), root.member(3, 0)])).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(await rig.store.roots({ before: undefined, count: 10 })).toEqual([]);
    });

    it('not before, and not while it runs', async (rig) => {
      await rig.worker();
      const [running, ended] = [await rig.started(ttl), await rig.started(ttl)];
      await ended.settle();
      await rig.advance(hour - 1);
      expect(await rig.sweep()).toMatchObject({ removed: 0 });
      await rig.advance(1);
      expect(await rig.sweep()).toMatchObject({ removed: 1, more: false });
      await rig.beat('w1');
      expect(await rig.store.records([ended.id])).toEqual([undefined]);
      expect((await rig.record(running.id)).state).toBe('running');
    });

    it('each at its own time, in the order in which they are due', async (rig) => {
      await rig.worker();
      const [long, short] = [await rig.started({ resultTtlMs: 2 * hour }), await rig.started(ttl)];
      await long.settle();
      await short.settle();
      await rig.advance(hour);
      await rig.sweep();
      const records = await rig.store.records([long.id, short.id]);
      expect(records.map((record) => record?.state)).toEqual(['succeeded', undefined]);
    });

    it('when it was cancelled before it started', async (rig) => {
      const id = await rig.submit(ttl);
      await rig.cancel(id);
      await rig.advance(hour);
      expect(await rig.sweep()).toMatchObject({ removed: 1 });
      expect(await rig.store.records([id])).toEqual([undefined]);
    });

    it('a page at a time when it is large, the root first', async (rig) => {
      await rig.worker('w1', { slots: 1_000 });
      const root = await rig.started(ttl);
      await root.commit({ groups: [root.group(0, leaves(1_000))], spawns: [root.spawn(1, { coroutine: 'main' })] });
      const inner = await rig.claimOne(root.child(1));
      const spawns = Array.from({ length: 250 }, (_, op) => inner.spawn(op));
      await inner.commit({ spawns });
      for (let rounds = 0; rounds < 20 && (await rig.record(root.id)).children.succeeded < 1_000; rounds++)
        await rig.runHinted((await rig.live(3_000, 'w1')).flatMap(({ hints }) => hints));
      await inner.settle();
      expect(await root.settle()).toBe('settled');
      await rig.advance(hour);
      const first = await rig.sweep();
      expect(first).toMatchObject({ more: true });
      expect(first.removed).toBeLessThanOrEqual(300);
      expect(await rig.store.records([root.id])).toEqual([undefined]);
      const removed = await removeAll(rig);
      expect(removed.reduce((sum, count) => sum + count, first.removed)).toBe(1_252);
      expect(Math.max(...removed)).toBeLessThanOrEqual(300);
      expect((await rig.kept()).filter((name) => name.includes(root.id))).toEqual([]);
    });
  });

  describe('After a tree was removed', () => {
    it('its idempotency key is free again', async (rig) => {
      await rig.worker();
      const idempotency = { key: 'k', fingerprint: 'f' };
      const first = await rig.started({ ...ttl, idempotency });
      await first.settle();
      await rig.advance(hour);
      await rig.sweep();
      const second = rig.newRoot({ idempotency });
      expect((await rig.store.submit(partition, [second])).existing).toEqual([undefined]);
      expect((await rig.record(second.id)).state).toBe('pending');
    });

    it('writes of a stale worker are fenced, and cancels find nothing', async (rig) => {
      await rig.worker();
      const stale = await rig.started(ttl);
      await rig.store.release(partition, 'w1', [stale.id]);
      await rig.cancel(stale.id);
      await (await rig.claimOne(stale.id)).settle();
      await rig.advance(hour);
      await rig.sweep();
      await rig.worker();
      expect(await stale.commit({ logs: ['1'], spawns: [stale.spawn(0)] })).toBe('fenced');
      expect(await stale.settle()).toBe('fenced');
      expect(await rig.cancel(stale.id)).toBe('unknown');
      expect((await rig.kept()).filter((name) => name.includes(stale.id))).toEqual([]);
    });

    it('a task of another tree still has the outcome that it was told', async (rig) => {
      await rig.worker();
      const [early, late] = [await rig.started(), await rig.started()];
      const target = await rig.started(ttl);
      expect(await early.commit({ subscriptions: [{ op: 0, id: target.id }] })).toEqual([]);
      await target.settle(failed('told'));
      await late.commit({ subscriptions: [{ op: 0, id: target.id }] });
      await rig.advance(hour);
      await rig.sweep();
      await rig.beat('w1');
      const told = { kind: 'settled', op: 0, outcome: failed('told') };
      expect(await early.receive()).toEqual([told]);
      await rig.store.release(partition, 'w1', [late.id]);
      expect((await rig.claimOne(late.id)).claim.events).toEqual([told]);
    });
  });
}
