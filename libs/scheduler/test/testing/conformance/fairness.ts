import { describe, expect } from 'vitest';
import { rootOf } from '../../../src/contract/ids.ts';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaf, leaves, partition, type Rig } from './rig.ts';

export function fairness(it: It): void {
  describe('Window', () => {
    const submit = (rig: Rig, count: number, options = '{}') =>
      rig.store.submit(
        partition,
        Array.from({ length: count }, () => rig.newRoot({ options })),
      );

    it('hints nothing while no session is live', async (rig) => {
      expect((await submit(rig, 3)).hints).toEqual([]);
      await rig.worker();
      expect((await rig.sweep()).hints).toHaveLength(3);
    });

    it('hints as many as all sessions have slots and no more', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      await rig.worker('w2', { slots: 1 });
      expect((await submit(rig, 10)).hints).toHaveLength(3);
      expect((await submit(rig, 10)).hints).toEqual([]);
    });

    it('moves on when something that ran ends, waits, or is given back', async (rig) => {
      await rig.worker('w1', { slots: 3 });
      const runs = await rig.claim(ids((await submit(rig, 9)).hints));
      expect((await submit(rig, 1)).hints).toEqual([]);
      await runs[0]?.settle();
      await runs[1]?.commit({ timers: [{ op: 1, ms: 1_000 }] });
      const { hints } = await rig.store.release(partition, 'w1', [runs[2]?.id ?? '']);
      expect([runs[0]?.hints.length, runs[1]?.hints.length, ids(hints)]).toEqual([1, 1, [runs[2]?.id]]);
    });

    it('moves on when something hinted is cancelled', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const { hints } = await submit(rig, 5);
      const answer = await rig.store.cancel(partition, [{ id: ids(hints)[0] as TaskId, message: undefined }]);
      expect(answer.hints).toHaveLength(1);
    });

    it('does not count a draining session', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      await rig.worker('w2', { slots: 10 });
      await rig.store.beat({ session: 'w2', running: 0, suspended: 0, draining: true, stuck: false });
      expect((await submit(rig, 5)).hints).toHaveLength(1);
    });

    it('does not count what runs on a draining session', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      await rig.worker('w2', { slots: 2 });
      const hinted = ids((await submit(rig, 9)).hints);
      await rig.claim(hinted.slice(0, 2), 'w2');
      await rig.claim(hinted.slice(2, 3), 'w1');
      await rig.store.beat({ session: 'w2', running: 2, suspended: 0, draining: true, stuck: false });
      const claimed = await rig.store.claim(partition, 'w1', rig.nonce(), hinted.slice(3), 0);
      expect(ids(claimed.hints)).toEqual(hinted.slice(3));
    });

    it('hints each task once, 200 in a call', async (rig) => {
      await rig.worker('w1', { slots: 800 });
      const hinted = [...ids((await submit(rig, 500)).hints)];
      expect(hinted).toHaveLength(200);
      for (let calls = 0; calls < 2; calls++) hinted.push(...ids((await rig.sweep()).hints));
      expect(new Set(hinted).size).toBe(500);
    });

    it('tells the priority of each', async (rig) => {
      await rig.worker();
      const [urgent, usual] = [await submit(rig, 1, '{"priority":7}'), await submit(rig, 1)];
      expect([urgent.hints[0]?.priority, usual.hints[0]?.priority]).toEqual([7, 0]);
    });
  });

  describe('Fair order', () => {
    it('lets a small tree pass a large one', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const [large, small] = [await rig.started(), await rig.started()];
      await large.commit({ groups: [large.group(1, leaves(40))] });
      await small.commit({ groups: [small.group(1, leaves(3))] });
      const order = await rig.runHinted([...large.hints, ...small.hints], { batch: 1, count: 12 });
      expect(order.filter((id) => rootOf(id) === small.id)).toHaveLength(3);
    });

    it('lets spawned tasks and group members of trees take turns', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const [spawning, gathering] = [await rig.started(), await rig.started()];
      await spawning.commit({ spawns: Array.from({ length: 30 }, (_, i) => spawning.spawn(i)) });
      await gathering.commit({ groups: [gathering.group(1, leaves(30))] });
      const order = await rig.runHinted([...spawning.hints, ...gathering.hints], { batch: 1, count: 20 });
      const share = order.filter((id) => rootOf(id) === gathering.id).length;
      expect(share).toBeGreaterThanOrEqual(8);
      expect(share).toBeLessThanOrEqual(12);
    });

    it('gives a tree that was idle no lead', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const [busy, idle] = [await rig.started(), await rig.started()];
      await busy.commit({ groups: [busy.group(1, leaves(30))] });
      await rig.runHinted(busy.hints, { batch: 1 });
      await busy.commit({ groups: [busy.group(2, leaves(30))] });
      await idle.commit({ groups: [idle.group(1, leaves(30))] });
      const order = await rig.runHinted([...busy.hints, ...idle.hints], { batch: 1, count: 20 });
      expect(order.filter((id) => rootOf(id) === idle.id).length).toBeLessThanOrEqual(11);
    });

    it('starts the members of a group in order', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(10))] });
      const order = await rig.runHinted(run.hints, { batch: 1 });
      expect(order).toEqual(Array.from({ length: 10 }, (_, i) => run.member(1, i)));
    });

    it('lets a higher priority pass a lower one, in a full cluster too', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await run.commit({
        spawns: [
          run.spawn(1),
          run.spawn(2, { options: '{"priority":5}' }),
          run.spawn(3, { options: '{"priority":1}' }),
        ],
        suspended: false,
      });
      const urgent = await rig.submit({ options: '{"priority":9}' });
      const usual = await rig.submit();
      const { claims } = await rig.store.settle(partition, [], {
        lane: 'settle',
        session: 'w1',
        nonce: rig.nonce(),
        max: 1,
      });
      expect(claims).toEqual([]);
      await rig.worker('w1', { slots: 10 });
      const hinted = ids((await rig.sweep()).hints);
      expect(hinted.slice(0, 3)).toEqual([urgent, run.child(2), run.child(3)]);
      expect(new Set(hinted.slice(3))).toEqual(new Set([run.child(1), usual]));
    });

    it('lets revived tasks pass all others', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const revived = await rig.started();
      const roots = Array.from({ length: 10 }, () => rig.newRoot());
      const [first] = ids((await rig.store.submit(partition, roots)).hints);
      const released = await rig.store.release(partition, 'w1', [revived.id]);
      expect([first, ids(released.hints)]).toEqual([undefined, [revived.id]]);
    });
  });

  describe('A task whose coroutine no live session knows', () => {
    it('is shown as stranded and not hinted', async (rig) => {
      await rig.worker('w1', { coroutines: ['main'] });
      const root = rig.newRoot({ coroutine: 'rare' });
      expect((await rig.store.submit(partition, [root])).hints).toEqual([]);
      expect(await rig.record(root.id)).toMatchObject({ state: 'pending', stranded: true });
    });

    it('stands in nobody else’s way', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const roots = [...Array.from({ length: 5 }, () => rig.newRoot({ coroutine: 'rare' })), rig.newRoot()];
      expect(ids((await rig.store.submit(partition, roots)).hints)).toEqual([roots[5]?.id]);
    });

    it('is hinted when a session that knows it registers', async (rig) => {
      await rig.worker('w1');
      const id = await rig.submit({ coroutine: 'rare' });
      await rig.worker('w2', { coroutines: ['rare'] });
      expect(ids((await rig.sweep()).hints)).toEqual([id]);
      expect(await rig.record(id)).toMatchObject({ stranded: false });
    });

    it('is hinted when a session has loaded it', async (rig) => {
      await rig.worker('w1', { coroutines: ['main'] });
      const id = await rig.submit({ coroutine: 'rare' });
      await rig.worker('w1', { coroutines: ['main', 'rare'] });
      expect(ids((await rig.sweep()).hints)).toEqual([id]);
    });

    it('strands when the last session that knew it goes', async (rig) => {
      await rig.worker('w1', { coroutines: ['main'] });
      const run = await rig.started();
      await rig.worker('w2', { coroutines: ['other'] });
      expect((await rig.store.release(partition, 'w1')).hints).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending', stranded: true });
    });

    it('strands alone in a group', async (rig) => {
      await rig.worker('w1');
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, [leaf, { ...leaf, coroutine: 'rare' }, leaf])] });
      expect(ids(run.hints)).toEqual([run.member(1, 0), run.member(1, 2)]);
      expect(await rig.record(run.member(1, 1))).toMatchObject({ state: 'pending', stranded: true });
    });

    it('can be cancelled', async (rig) => {
      await rig.worker('w1');
      const id = await rig.submit({ coroutine: 'rare' });
      expect(await rig.cancel(id)).toBe('requested');
      await rig.worker('w2', { coroutines: ['rare'] });
      expect((await rig.sweep()).hints).toEqual([]);
      expect(await rig.record(id)).toMatchObject({ state: 'cancelled', stranded: false });
    });
  });
}
