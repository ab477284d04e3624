import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { ids, partition } from './rig.ts';

export function sweeping(it: It): void {
  describe('Timers', () => {
    it('fire when they are due, not before, and once', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 3, ms: 1_000 }] });
      await rig.advance(900);
      expect(await rig.sweep()).toMatchObject({ timers: 0 });
      expect(await run.receive()).toEqual([]);
      await rig.advance(200);
      expect(await rig.sweep()).toMatchObject({ timers: 1 });
      expect(await rig.sweep()).toMatchObject({ timers: 0 });
      expect(await run.receive()).toEqual([{ kind: 'timer', op: 3 }]);
    });

    it('fire in the order in which they are due', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [300, 100, 200].map((ms, op) => ({ op, ms })) });
      await rig.advance(1_000);
      await rig.sweep();
      expect(await run.receive()).toEqual([1, 2, 0].map((op) => ({ kind: 'timer', op })));
    });

    it('may be a year away', async (rig) => {
      await rig.worker();
      const year = 365 * 24 * 3_600_000;
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: year }] });
      await rig.advance(year - 10_000);
      expect(await rig.sweep()).toMatchObject({ timers: 0 });
      await rig.advance(10_000);
      expect(await rig.sweep()).toMatchObject({ timers: 1 });
    });

    it('of 0 ms are due at once', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: 0 }] });
      expect(await rig.sweep()).toMatchObject({ timers: 1 });
    });

    it('of tasks that have ended do nothing', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: 100 }] });
      await run.settle();
      await rig.advance(200);
      expect(await rig.sweep()).toMatchObject({ timers: 0, more: false });
    });

    it('fire while the task waits for a worker', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const run = await rig.started({}, 'w1');
      await run.commit({ timers: [{ op: 1, ms: 10_000 }] });
      await rig.live(11_000, 'w2');
      expect((await rig.claimOne(run.id, 'w2')).claim.events).toEqual([{ kind: 'timer', op: 1 }]);
    });

    it('fire 500 in a sweep', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: Array.from({ length: 800 }, (_, op) => ({ op, ms: 100 })) });
      await rig.advance(200);
      expect(await rig.sweep()).toMatchObject({ timers: 500, more: true });
      expect(await rig.sweep()).toMatchObject({ timers: 300, more: false });
      expect(await run.receive()).toHaveLength(800);
    });
  });

  describe('D1 a hint that nobody claimed', () => {
    it('is given again when it is overdue, not before', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      await rig.advance(1_500);
      expect((await rig.sweep(2_000)).hints).toEqual([]);
      await rig.advance(600);
      expect(ids((await rig.sweep(2_000)).hints)).toEqual([id]);
      expect((await rig.sweep(2_000)).hints).toEqual([]);
    });

    it('is given again and again', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      for (let lost = 0; lost < 5; lost++) {
        await rig.advance(2_100);
        await rig.beat('w1');
        expect(ids((await rig.sweep()).hints)).toEqual([id]);
      }
      expect(await rig.claim([id])).toHaveLength(1);
    });

    it('waits as long as the sweep says', async (rig) => {
      await rig.worker();
      await rig.submit();
      await rig.advance(5_000);
      expect((await rig.sweep(10_000)).hints).toEqual([]);
      expect((await rig.sweep(4_000)).hints).toHaveLength(1);
    });

    it('passes new tasks', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      const lost = [await rig.submit(), await rig.submit()];
      await rig.store.submit(partition, [rig.newRoot(), rig.newRoot()]);
      await rig.advance(2_100);
      expect(new Set(ids((await rig.sweep()).hints))).toEqual(new Set(lost));
    });
  });
}
