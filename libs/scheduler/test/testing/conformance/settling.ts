import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, failed, partition, succeeded } from './rig.ts';

export function settling(it: It): void {
  describe('T1 an outcome is written once', () => {
    for (const outcome of [succeeded({ text: 'a\n\u0000"ü🐎', list: [], object: {} }), failed('no'), cancelled('stop')])
      it(`as ${outcome.state}, with its time`, async (rig) => {
        await rig.worker();
        const run = await rig.started();
        await rig.advance(1_000);
        expect(await run.settle(outcome)).toBe('settled');
        const record = await rig.record(run.id);
        expect(record).toMatchObject({
          state: outcome.state,
          outcome,
          worker: 'w1',
          attempt: 1,
          cancelRequested: false,
        });
        expect(record.finishedAt).toBeGreaterThanOrEqual((record.startedAt ?? 0) + 1_000);
      });

    it('and a re-sent settlement answers the same', async (rig) => {
      await rig.worker();
      const parent = await rig.started();
      await parent.commit({ spawns: [parent.spawn(1)] });
      const run = await rig.claimOne(parent.child(1));
      const settlement = run.settlement(succeeded(1), { logs: ['1'] });
      const first = await rig.store.settle(partition, [settlement]);
      const before = await rig.record(run.id);
      await rig.advance(1_000);
      expect((await rig.store.settle(partition, [settlement])).answers).toEqual(first.answers);
      expect(first.answers).toEqual([{ kind: 'settled' }]);
      expect(await rig.record(run.id)).toEqual(before);
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['1'] }]);
      expect(await parent.receive()).toHaveLength(1);
      expect((await rig.record(parent.id)).children).toMatchObject({ total: 1, running: 0, succeeded: 1 });
    });

    it('and a second one changes nothing', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.settle(succeeded('first'));
      await run.settle(failed('second'));
      expect(await rig.record(run.id)).toMatchObject({ state: 'succeeded', outcome: succeeded('first') });
    });

    it('and twice in one call', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.settle(partition, [run.settlement(succeeded('first')), run.settlement(failed('second'))]);
      expect(await rig.record(run.id)).toMatchObject({ outcome: succeeded('first') });
    });

    it('with the last logs and progress', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ logs: ['1'], progress: '"half"' });
      await run.settle(succeeded(), { logs: ['2'], progress: '"all"' });
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['1', '2'] }]);
      expect((await rig.record(run.id)).progress).toBe('"all"');
    });
  });

  describe('I2 a parent gets one event for each child', () => {
    it('with the operation and the outcome to the byte', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1), run.spawn(7)] });
      const [first, second] = await rig.claim([run.child(1), run.child(7)]);
      const outcome = succeeded('line 1\nline 2 "ü" \u0000 🐎');
      await second?.settle(outcome);
      await first?.settle(failed('e'));
      expect(await run.receive()).toEqual([
        { kind: 'settled', op: 7, outcome },
        { kind: 'settled', op: 1, outcome: failed('e') },
      ]);
      expect(await run.receive()).toEqual([]);
    });

    it('in the order of the settlements of a call', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [1, 2, 3, 4].map((op) => run.spawn(op)) });
      const runs = await rig.claim([3, 1, 4, 2].map((op) => run.child(op)));
      await rig.store.settle(
        partition,
        runs.map((child) => child.settlement()),
      );
      const events = await run.receive();
      expect(events === 'fenced' ? [] : events.map((event) => (event as { op: number }).op)).toEqual([3, 1, 4, 2]);
    });

    it('and keeps it for its next attempt', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1), run.spawn(2)] });
      const [first, second] = await rig.claim([run.child(1), run.child(2)]);
      await first?.settle(succeeded(1));
      await rig.store.release(partition, 'w1', [run.id]);
      await second?.settle(succeeded(2));
      const next = await rig.claimOne(run.id);
      expect(next.claim.events).toEqual([
        { kind: 'settled', op: 1, outcome: succeeded(1) },
        { kind: 'settled', op: 2, outcome: succeeded(2) },
      ]);
      expect(await next.receive()).toEqual([]);
    });

    it('unless it has ended: the child lives on and ends for itself', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const middle = await rig.claimOne(root.child(1));
      await middle.commit({ spawns: [middle.spawn(1)] });
      const child = await rig.claimOne(middle.child(1));
      expect(await middle.settle(succeeded('m'))).toBe('settled');
      expect(await child.commit()).toEqual([]);
      expect(await child.settle(succeeded('c'))).toBe('settled');
      expect(await rig.record(middle.id)).toMatchObject({ outcome: succeeded('m'), children: { succeeded: 1 } });
      expect(await root.receive()).toHaveLength(1);
    });
  });

  describe('T4 the counts of the children add up', () => {
    it('through the whole life of a child', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const none = { total: 1, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
      const counts = async () => (await rig.record(run.id)).children;
      await run.commit({ spawns: [run.spawn(1)] });
      expect(await counts()).toEqual({ ...none, pending: 1 });
      const first = await rig.claimOne(run.child(1));
      expect(await counts()).toEqual({ ...none, running: 1 });
      await first.commit({ suspended: true });
      expect(await counts()).toEqual({ ...none, running: 1 });
      await rig.store.release(partition, 'w1', [first.id]);
      expect(await counts()).toEqual({ ...none, pending: 1 });
      const second = await rig.claimOne(run.child(1));
      await second.commit({ suspended: false });
      expect(await counts()).toEqual({ ...none, running: 1 });
      await second.settle(failed());
      expect(await counts()).toEqual({ ...none, failed: 1 });
    });

    it('for children that are cancelled before their start', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1), run.spawn(2)] });
      await rig.cancel(run.child(2));
      await rig.grace();
      expect((await rig.record(run.id)).children).toMatchObject({ total: 2, pending: 1, running: 0, cancelled: 1 });
    });
  });
}
