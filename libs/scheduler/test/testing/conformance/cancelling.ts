import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, partition, succeeded } from './rig.ts';

export function cancelling(it: It): void {
  describe('I5 cancelling', () => {
    it('an unknown task is told', async (rig) => {
      const id = rig.newRoot().id;
      const unknown = [id, `${id}.ABCDEFGHJKMN`, `${id}.ABCDEFGHJKMN.3`];
      const { answers } = await rig.store.cancel(
        partition,
        unknown.map((target) => ({ id: target, message: undefined })),
      );
      expect(answers).toEqual(['unknown', 'unknown', 'unknown']);
    });

    it('a pending task ends it at once: it never starts', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      expect(await rig.cancel(id, 'no need')).toBe('requested');
      const record = await rig.record(id);
      expect(record).toMatchObject({
        state: 'cancelled',
        outcome: cancelled('no need'),
        attempt: 0,
        worker: undefined,
      });
      expect(record).toMatchObject({ cancelRequested: false, startedAt: undefined });
      expect(record.finishedAt).toBeGreaterThanOrEqual(record.createdAt);
      await rig.advance(3_000);
      expect((await rig.sweep()).hints).toEqual([]);
    });

    it('a pending child tells its parent', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      await rig.cancel(run.child(1));
      await rig.grace();
      expect(await run.receive()).toEqual([{ kind: 'settled', op: 1, outcome: cancelled('') }]);
    });

    it('a child that was handed out strikes it when it starts, as it would have started in asyncio', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      await run.commit({ cancels: [{ id: run.child(1), message: 'm', wave: 'w' }] });
      expect(await rig.record(run.child(1))).toMatchObject({ state: 'pending', cancelRequested: true });
      const child = await rig.claimOne(run.child(1));
      expect(child.claim.events).toEqual([{ kind: 'cancel', message: 'm', wave: 'w' }]);
    });

    it('a child that finds no room ends when the worker that gets it is full', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      await run.commit({ cancels: [{ id: run.child(1), message: 'm' }] });
      expect((await rig.store.claim(partition, 'w1', 'full', [run.child(1)], 0)).claims).toEqual([]);
      expect(await run.receive()).toEqual([{ kind: 'settled', op: 1, outcome: cancelled('m') }]);
    });

    for (const suspended of [true, false])
      it(`a task that ${suspended ? 'waits' : 'computes'} asks it by an event`, async (rig) => {
        await rig.worker();
        const run = await rig.started();
        await run.commit({ suspended });
        expect(await rig.cancel(run.id, 'line 1\nline 2')).toBe('requested');
        expect(await rig.record(run.id)).toMatchObject({ cancelRequested: true, outcome: undefined });
        expect(await run.receive()).toEqual([{ kind: 'cancel', message: 'line 1\nline 2' }]);
      });

    it('keeps apart no message and an empty one', async (rig) => {
      await rig.worker();
      const [silent, empty] = [await rig.started(), await rig.started()];
      await rig.cancel(silent.id);
      await rig.cancel(empty.id, '');
      expect(await silent.receive()).toEqual([{ kind: 'cancel', message: undefined }]);
      expect(await empty.receive()).toEqual([{ kind: 'cancel', message: '' }]);
    });

    it('a task that has ended changes nothing', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.settle(succeeded(1));
      expect(await rig.cancel(run.id)).toBe('settled');
      expect(await rig.record(run.id)).toMatchObject({ state: 'succeeded', cancelRequested: false });
    });

    it('twice in a row asks once, for a call may be sent twice', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      expect([await rig.cancel(run.id, 'm'), await rig.cancel(run.id, 'm')]).toEqual(['requested', 'requested']);
      expect(await run.receive()).toEqual([{ kind: 'cancel', message: 'm' }]);
    });

    it('again asks again: it is another wave', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      for (const wave of ['first', 'second']) await rig.store.cancel(partition, [{ id: run.id, message: 'm', wave }]);
      expect(await run.receive()).toEqual([
        { kind: 'cancel', message: 'm', wave: 'first' },
        { kind: 'cancel', message: 'm', wave: 'second' },
      ]);
    });

    it('a task that swallows it is possible: it ends as it likes', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.cancel(run.id);
      await run.settle(succeeded('anyway'));
      expect(await rig.record(run.id)).toMatchObject({ state: 'succeeded', cancelRequested: false });
    });

    it('a task that has run and waits for a worker lets it run its cleanup', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ history: 'h' });
      await rig.store.release(partition, 'w1', [run.id]);
      expect(await rig.cancel(run.id, 'm')).toBe('requested');
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending', cancelRequested: true, outcome: undefined });
      const next = await rig.claimOne(run.id);
      expect(next.claim).toMatchObject({ history: ['h'], events: [{ kind: 'cancel', message: 'm' }] });
    });

    it('by another task interrupts the cleanup that the first cancel began', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      const child = await rig.claimOne(run.child(1));
      const event = { kind: 'cancel', message: 'from above' };
      for (let cancels = 0; cancels < 2; cancels++) {
        await run.commit({ cancels: [{ id: child.id, message: 'from above' }] });
        expect(await child.receive()).toEqual([event]);
        await child.commit({ history: `cleanup ${cancels}` });
      }
    });

    it('that was sent twice comes once, whatever came in between', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const targets = [{ id: run.id, message: 'm', wave: 'w' }];
      await rig.store.cancel(partition, targets);
      await run.commit({ events: [{ kind: 'step', op: 9, outcome: { state: 'succeeded', payload: '1' } }] });
      await rig.store.cancel(partition, targets);
      await rig.store.cancel(partition, [{ id: run.id, message: 'm', wave: 'another' }]);
      await rig.store.release(partition, 'w1', [run.id]);
      const { events } = (await rig.claimOne(run.id)).claim;
      expect(events.map((event) => (event.kind === 'cancel' ? event.wave : event.kind))).toEqual([
        'w',
        'step',
        'another',
      ]);
    });

    it('after the start waits for the start of a task that has not begun', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const cancels = [{ id: run.child(1), message: 'm', wave: 'w', afterStart: true }];
      await run.commit({ spawns: [run.spawn(1)], cancels });
      const child = await rig.claimOne(run.child(1));
      expect(child.claim.events).toEqual([{ kind: 'cancel', message: 'm', wave: 'w' }]);
    });

    it('many in one call answers each', async (rig) => {
      await rig.worker();
      const [ended, running] = [await rig.started(), await rig.started()];
      await ended.settle();
      const targets = [ended.id, running.id, rig.newRoot().id].map((id) => ({ id, message: undefined }));
      const { answers } = await rig.store.cancel(partition, targets);
      expect(answers).toEqual(['settled', 'requested', 'unknown']);
    });
  });
}
