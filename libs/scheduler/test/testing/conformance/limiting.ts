import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, day, failed, ids, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

const expires = JSON.stringify({ expiresAfter: 1_500.5 });
const expired = {
  state: 'failed',
  payload: '{"type":"ExpiredError","message":"the task has not started within 1501 ms"}',
};
const timedOut = { state: 'failed', payload: '{"type":"TimeoutError","message":""}' };

const park = async ({ store }: Rig, { id, claim, known }: Run, wakeMs: number): Promise<string | undefined> =>
  (await store.park(partition, [{ id, token: claim.token, known, wakeMs }]))[0];

export function limiting(it: It): void {
  describe('A task that must start by a certain time', () => {
    it('ends as failed when nobody has started it, and whoever waits hears of it', async (rig) => {
      await rig.worker('w1', { coroutines: ['main'] });
      const parent = await rig.started();
      await parent.commit({ spawns: [parent.spawn(1, { options: expires })] });
      await rig.live(1_000, 'w1');
      expect(await rig.record(parent.child(1))).toMatchObject({ state: 'pending', outcome: undefined });
      await rig.live(1_000, 'w1');
      expect(await rig.record(parent.child(1))).toMatchObject({
        ...{ state: 'failed', outcome: expired, attempt: 0, startedAt: undefined, stranded: false },
      });
      expect(await parent.receive()).toEqual([{ kind: 'settled', op: 1, outcome: expired }]);
      expect((await rig.record(parent.id)).children).toMatchObject({ total: 1, pending: 0, failed: 1 });
      await rig.worker('w2');
      expect(await rig.claim([parent.child(1)], 'w2')).toEqual([]);
    });

    it('is not handed out when a worker asks for it too late, even if no sweep has come', async (rig) => {
      await rig.worker();
      const id = await rig.submit({ options: expires });
      await rig.advance(1_500);
      const early = await rig.submit({ options: expires });
      await rig.advance(1);
      expect(ids((await rig.claim([id, early])).map(({ claim }) => claim))).toEqual([early]);
      expect(await rig.record(id)).toMatchObject({ outcome: expired, attempt: 0 });
    });

    it('has no such time any more once it has started, nor for a second attempt', async (rig) => {
      await rig.worker();
      const run = await rig.started({ options: expires });
      await run.commit();
      await rig.live(3_000, 'w1');
      expect(await run.receive()).toEqual([]);
      await run.settle(failed(), { retry: { ms: 5_000, firstOp: 1 } });
      await rig.live(6_000, 'w1');
      expect(await (await rig.claimOne(run.id)).settle(succeeded())).toBe('settled');
    });

    for (const [what, limits] of Object.entries({
      'its own': { deadline: 1_000 },
      'one that it has inherited': { deadlineAt: 0 },
      'the smaller of both': { deadline: day, deadlineAt: 1 },
      'one before it expires': { deadline: 1_000, expiresAfter: 1_001 },
    }))
      it(`does not start after its deadline, ${what}`, async (rig) => {
        await rig.worker();
        const parent = await rig.started();
        await parent.commit({ spawns: [parent.spawn(1, { options: JSON.stringify(limits) })] });
        await rig.live(1_000, 'w1');
        expect(await rig.record(parent.child(1))).toMatchObject({ outcome: timedOut, attempt: 0 });
        expect(await rig.claim([parent.child(1)])).toEqual([]);
      });

    it('is given up once: cancelled before, settled before, submitted twice', async (rig) => {
      await rig.worker('w1', { coroutines: ['leaf'] });
      const root = rig.newRoot({ options: expires });
      await rig.store.submit(partition, [root]);
      const other = await rig.submit({ options: expires });
      await rig.cancel(other);
      await rig.advance(1_000);
      await rig.store.submit(partition, [root]);
      await rig.live(1_000, 'w1');
      const before = await rig.record(root.id);
      expect(before).toMatchObject({ outcome: expired });
      await rig.store.submit(partition, [root]);
      await rig.live(3_000, 'w1');
      expect(await rig.record(root.id)).toEqual(before);
      expect(await rig.record(other)).toMatchObject({ outcome: cancelled() });
    });

    it('leaves nothing behind', async (rig) => {
      await rig.worker();
      const [late, started] = await Promise.all([
        rig.submit({ options: expires, resultTtlMs: 1_000 }),
        rig.started({ options: expires, resultTtlMs: 1_000 }),
      ]);
      await started.settle();
      await rig.live(5_000, 'w1');
      expect(await rig.store.records([late, started.id])).toEqual([undefined, undefined]);
      expect((await rig.kept()).filter((name) => /task|timers|alarms/.test(name))).toEqual([]);
    });
  });

  describe('A claim tells', () => {
    it('its own time, and when the present attempt began', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const { startedAt } = run.claim;
      expect(run.claim).toMatchObject({ begunAt: startedAt, claimedAt: startedAt });
      await rig.advance(1_000);
      await rig.store.release(partition, 'w1', [run.id]);
      const again = await rig.claimOne(run.id);
      expect(again.claim).toMatchObject({ begunAt: startedAt, claimedAt: startedAt + 1_000 });
      await again.settle(failed(), { retry: { ms: 2_000, firstOp: 1 } });
      await rig.live(2_000, 'w1');
      const begunAt = startedAt + 3_000;
      const second = await rig.claimOne(run.id);
      expect(second.claim).toMatchObject({ startedAt, begunAt, claimedAt: begunAt });
      await rig.advance(500);
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim).toMatchObject({ startedAt, begunAt, claimedAt: begunAt + 500 });
    });
  });

  describe('A task that is parked until a time limit', () => {
    it('is made ready then, with nothing in its inbox', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: day }] });
      expect(await park(rig, run, 2_000)).toBe('parked');
      await rig.live(1_000, 'w1');
      expect(await park(rig, run, 2_000)).toBe('parked'); // sent again
      await rig.live(1_000, 'w1');
      const next = await rig.claimOne(run.id);
      expect(next.claim).toMatchObject({ attempt: 1, events: [] });
      await next.settle();
      await rig.live(3_000, 'w1');
      expect(await rig.record(run.id)).toMatchObject({ state: 'succeeded' });
    });

    it('hears nothing when something has woken it before', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(1))] });
      await park(rig, run, 2_000);
      await (await rig.claimOne(run.member(1, 0))).settle();
      const next = await rig.claimOne(run.id);
      await next.commit({ timers: [{ op: 2, ms: day }] });
      await rig.live(3_000, 'w1');
      expect(await next.receive()).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'suspended', worker: 'w1' });
    });
  });
}
