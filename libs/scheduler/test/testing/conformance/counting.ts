import { describe, expect } from 'vitest';
import type { SettledState } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { failed, leaf, leaves, partition, type Rig, succeeded } from './rig.ts';

async function settled(rig: Rig, coroutine: string): Promise<Record<SettledState, number>> {
  const { settled: entries } = await rig.store.cluster();
  const of = (state: SettledState): number | undefined =>
    entries.find((entry) => entry.coroutine === coroutine && entry.state === state)?.tasks;
  return { succeeded: of('succeeded') ?? -1, failed: of('failed') ?? -1, cancelled: of('cancelled') ?? -1 };
}

export function counting(it: It): void {
  describe('T5 counts of the cluster', () => {
    it('begin at nothing, with an entry for each outcome of each coroutine that a worker has', async (rig) => {
      await rig.worker();
      expect(await rig.store.cluster()).toMatchObject({
        workers: { up: 1, draining: 0 },
        slots: 100,
        tasks: { pending: 0, running: 0, suspended: 0 },
        created: 0,
        recovered: 0,
        queued: 0,
        oldestPendingMs: 0,
        openGathers: 0,
        unroutable: [],
      });
      for (const name of ['main', 'leaf', '_OTHER'])
        expect(await settled(rig, name)).toEqual({ succeeded: 0, failed: 0, cancelled: 0 });
    });

    it('follow tasks through their states', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.submit();
      await run.commit({ spawns: [run.spawn(1)], groups: [run.group(2, leaves(3), { limit: 1 })] });
      const facts = await rig.store.cluster();
      expect(facts).toMatchObject({ tasks: { pending: 5, running: 0, suspended: 1 }, created: 6, openGathers: 1 });
      const child = await rig.claimOne(run.child(1));
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 4, running: 1, suspended: 1 });
      await child.settle(failed());
      await run.commit({ suspended: false });
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 4, running: 1, suspended: 0 });
      expect(await settled(rig, 'leaf')).toEqual({ succeeded: 0, failed: 1, cancelled: 0 });
    });

    it('count an outcome once, however often it is sent', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const settlement = run.settlement(succeeded());
      await rig.store.settle(partition, [settlement]);
      await rig.store.settle(partition, [settlement, settlement]);
      expect(await settled(rig, 'main')).toEqual({ succeeded: 1, failed: 0, cancelled: 0 });
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 0, running: 0, suspended: 0 });
    });

    it('count what a dropped backlog holds, and the gather as decided', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const group = run.group(1, leaves(5), { limit: 2 });
      await run.commit({ groups: [group] });
      await run.commit({ cancelGroups: [{ id: group.id, message: undefined }] });
      await rig.grace();
      expect(await settled(rig, 'leaf')).toEqual({ succeeded: 0, failed: 0, cancelled: 5 });
      expect(await rig.store.cluster()).toMatchObject({ tasks: { pending: 0 }, openGathers: 0, queued: 0 });
    });

    it('take a root whose tree is being ended for running, and for settled when the tree has ended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      const child = await rig.claimOne(run.child(1));
      expect(await run.settle()).toBe('ending');
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 0, running: 2, suspended: 0 });
      await child.settle();
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 0, running: 0, suspended: 0 });
      expect(await settled(rig, 'main')).toEqual({ succeeded: 1, failed: 0, cancelled: 0 });
    });

    it('share one entry among names that no worker ever had', async (rig) => {
      await rig.worker();
      const ids = [await rig.submit({ coroutine: 'typo' }), await rig.submit({ coroutine: 'another' })];
      expect((await rig.store.cluster()).unroutable).toEqual([{ coroutine: '_OTHER', tasks: 2 }]);
      for (const id of ids) await rig.cancel(id);
      expect(await settled(rig, '_OTHER')).toEqual({ succeeded: 0, failed: 0, cancelled: 2 });
      expect((await rig.store.cluster()).unroutable).toEqual([]);
    });

    it('tell a coroutine whose workers are gone by its name', async (rig) => {
      await rig.worker();
      await rig.worker('w2', { coroutines: ['main', 'rare'] });
      await rig.store.release(partition, 'w2');
      await rig.submit({ coroutine: 'rare' });
      const facts = await rig.store.cluster();
      expect(facts).toMatchObject({ unroutable: [{ coroutine: 'rare', tasks: 1 }], queued: 0, tasks: { pending: 1 } });
    });
  });

  describe('what waits', () => {
    it('is counted as long as it could start, and its age is that of the oldest', async (rig) => {
      const first = await rig.submit();
      await rig.advance(5_000);
      await rig.submit();
      await rig.advance(2_000);
      expect(await rig.store.cluster()).toMatchObject({ oldestPendingMs: 7_000, workers: { up: 0 }, slots: 0 });
      await rig.worker();
      await rig.sweep();
      expect(await rig.store.cluster()).toMatchObject({ queued: 2, oldestPendingMs: 7_000 });
      await rig.claimOne(first);
      expect(await rig.store.cluster()).toMatchObject({ queued: 1, oldestPendingMs: 2_000 });
    });

    it('leaves out members that a limit holds back', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(100), { limit: 7 })] });
      expect(await rig.store.cluster()).toMatchObject({ queued: 7, tasks: { pending: 100 } });
      const [member] = await rig.claim([run.member(1, 0)]);
      expect((await rig.store.cluster()).queued).toBe(6);
      await member?.settle();
      expect((await rig.store.cluster()).queued).toBe(7);
    });

    it('begins anew for a task that is taken back', async (rig) => {
      await rig.worker();
      const run = await rig.started({ coroutine: leaf.coroutine });
      await rig.worker('w2');
      await rig.live(8_000, 'w2');
      expect((await rig.store.cluster()).recovered).toBe(1);
      expect((await rig.store.cluster()).oldestPendingMs).toBeLessThan(5_000);
      expect(await run.settle()).toBe('fenced');
    });

    it('tells how late the next timer is', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: 1_000 }] });
      expect((await rig.store.cluster()).lateTimerMs).toBe(0);
      await rig.advance(4_000);
      expect((await rig.store.cluster()).lateTimerMs).toBe(3_000);
      await rig.sweep();
      expect((await rig.store.cluster()).lateTimerMs).toBe(0);
    });
  });

  describe('workers', () => {
    it('are counted by what they do, and their slots while they take tasks', async (rig) => {
      await rig.worker('w1', { slots: 4 });
      await rig.worker('w2', { slots: 3 });
      await rig.store.beat({ session: 'w1', running: 2, suspended: 9, draining: false, stuck: false });
      await rig.store.beat({ session: 'w2', running: 1, suspended: 0, draining: true, stuck: false });
      expect(await rig.store.cluster()).toMatchObject({ workers: { up: 1, draining: 1 }, slots: 4, slotsInUse: 3 });
    });
  });
}
