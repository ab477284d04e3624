import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { ids, partition, type Rig, succeeded } from './rig.ts';

const expiredIn = (answers: { expired: number }[]) => answers.reduce((sum, { expired }) => sum + expired, 0);

async function startMany(rig: Rig, count: number) {
  const roots = Array.from({ length: count }, () => rig.newRoot());
  await rig.store.submit(partition, roots);
  return rig.claim(ids(roots));
}

export function sessions(it: It): void {
  describe('A session that lives', () => {
    it('is told so', async (rig) => {
      await rig.worker('w1');
      expect(await rig.beat('w1', 'w2')).toEqual([true, false]);
    });

    it('keeps its tasks for as long as it beats', async (rig) => {
      await rig.worker('w1');
      const run = await rig.started();
      expect(expiredIn(await rig.live(20_000, 'w1'))).toBe(0);
      expect(await run.commit()).toEqual([]);
    });

    it('may register again and keeps its tasks', async (rig) => {
      await rig.worker('w1');
      const run = await rig.started();
      await rig.worker('w1', { slots: 3, coroutines: ['main', 'new'] });
      expect(await run.commit()).toEqual([]);
      expect(await rig.store.workers()).toMatchObject([{ id: 'w1', slots: 3, coroutines: ['main', 'new'] }]);
    });

    it('is told what it holds, if that is more than it knows of', async (rig) => {
      await rig.worker('w1');
      const [a, b] = [await rig.started({}, 'w1'), await rig.started({}, 'w1')];
      expect(await rig.store.held(partition, 'w1', 2)).toEqual([]);
      expect(new Set(await rig.store.held(partition, 'w1', 1))).toEqual(new Set([a.id, b.id]));
      await a.settle();
      expect(await rig.store.held(partition, 'w1', 0)).toEqual([b.id]);
      expect(await rig.store.held(partition, 'nobody', 0)).toEqual([]);
    });

    it('is counted by the sweep with its slots', async (rig) => {
      expect(await rig.sweep()).toMatchObject({ workers: 0, slots: 0 });
      await rig.worker('w1', { slots: 3 });
      await rig.worker('w2', { slots: 4 });
      expect(await rig.sweep()).toMatchObject({ workers: 2, slots: 7 });
    });
  });

  describe('A session that is dead', () => {
    it('loses its tasks within 6 seconds, not within 3', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const run = await rig.started({}, 'w1');
      expect(expiredIn(await rig.live(3_000, 'w2'))).toBe(0);
      expect(expiredIn(await rig.live(3_000, 'w2'))).toBe(1);
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending', attempt: 1, worker: 'w1' });
      expect(await rig.beat('w1', 'w2')).toEqual([false, true]);
    });

    it('loses its tasks within 2 seconds when its worker has started again under the same name', async (rig) => {
      await rig.worker('same-1');
      const run = await rig.started({}, 'same-1');
      await rig.worker('same-2');
      await rig.worker('other-1');
      expect(expiredIn(await rig.live(2_000, 'same-2', 'other-1'))).toBe(1);
      expect((await rig.claimOne(run.id, 'same-2')).claim).toMatchObject({ attempt: 2 });
    });

    it('is not one that lives beside another of the same name', async (rig) => {
      await rig.worker('same-1');
      const run = await rig.started({}, 'same-1');
      await rig.worker('same-2');
      expect(expiredIn(await rig.live(20_000, 'same-1', 'same-2'))).toBe(0);
      expect(await run.commit()).toEqual([]);
    });

    it('has its tasks run elsewhere, with what they knew', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const old = await rig.started({}, 'w1');
      await old.commit({ history: 'h', timers: [{ op: 1, ms: 1 }], events: [{ kind: 'timer', op: 1 }] });
      const hints = (await rig.live(6_000, 'w2')).flatMap((answer) => answer.hints);
      expect(ids(hints)).toContain(old.id);
      const next = await rig.claimOne(old.id, 'w2');
      expect(next.claim).toMatchObject({ attempt: 2, history: ['h'], events: [{ kind: 'timer', op: 1 }], commits: 1 });
      expect(next.claim.token).toMatch(/^2:w2:/);
      expect(await old.commit()).toBe('fenced');
      expect((await rig.record(old.id)).startedAt).toBe(old.claim.startedAt);
    });

    it('leaves its suspended tasks, too', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const run = await rig.started({}, 'w1');
      await run.commit({ timers: [{ op: 1, ms: 60_000 }], suspended: true });
      await rig.live(6_000, 'w2');
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending' });
    });

    it('is no worker any more', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2', { slots: 5 });
      const answers = await rig.live(6_000, 'w2');
      expect(answers.at(-1)).toMatchObject({ workers: 1, slots: 5 });
      expect((await rig.store.workers()).filter((worker) => worker.state === 'up')).toMatchObject([{ id: 'w2' }]);
    });

    it('loses more tasks than one sweep may take back', async (rig) => {
      await rig.worker('w1', { slots: 1_000 });
      await rig.worker('w2', { slots: 1_000 });
      const runs = [...(await startMany(rig, 600)), ...(await startMany(rig, 600))];
      const answers = await rig.live(5_000, 'w2');
      expect(await rig.beat('w1')).toEqual([false]);
      for (let calls = 0; expiredIn(answers) < 1_200 && calls < 10; calls++) answers.push(await rig.sweep());
      expect(Math.max(...answers.map(({ expired }) => expired))).toBeLessThanOrEqual(500);
      expect(expiredIn(answers)).toBe(1_200);
      expect(answers.at(-1)).toMatchObject({ more: false });
      const records = await rig.store.records(runs.map((run) => run.id));
      expect(new Set(records.map((record) => record?.state))).toEqual(new Set(['pending']));
    });
  });

  describe('An outage of the store', () => {
    it('costs nobody its lease, however long', async (rig) => {
      await rig.worker('w1');
      const run = await rig.started();
      await rig.live(2_000, 'w1');
      await rig.advance(3_600_000);
      expect(await rig.sweep()).toMatchObject({ expired: 0 });
      for (let sweeps = 0; sweeps < 2; sweeps++) {
        await rig.advance(1_000);
        expect(await rig.sweep()).toMatchObject({ expired: 0 });
      }
      expect(await rig.beat('w1')).toEqual([true]);
      expect(await run.commit()).toEqual([]);
    });

    it('does not keep the dead alive when it comes again and again', async (rig) => {
      await rig.worker('w1');
      const run = await rig.started();
      for (let outages = 0; outages < 12; outages++) {
        await rig.advance(60_000);
        await rig.sweep();
      }
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending' });
    });

    it('is not what many sweeps at once look like', async (rig) => {
      await rig.worker('w1');
      await rig.started();
      await rig.sweep();
      for (let sweeps = 0; sweeps < 100; sweeps++) expect(await rig.sweep()).toMatchObject({ expired: 0 });
      expect(await rig.beat('w1')).toEqual([true]);
    });

    it('is not counted twice when several sweep', async (rig) => {
      await rig.worker('w1');
      await rig.started();
      for (let i = 0; i < 12; i++) {
        await rig.advance(250);
        expect(await rig.sweep()).toMatchObject({ expired: 0 });
      }
      expect(await rig.beat('w1')).toEqual([true]);
    });
  });

  describe('Releasing', () => {
    it('gives tasks back at once and counts no attempt', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const [given, kept] = await startMany(rig, 2);
      const { hints } = await rig.store.release(partition, 'w1', [given?.id ?? '']);
      expect(ids(hints)).toEqual([given?.id]);
      expect(await rig.record(given?.id ?? '')).toMatchObject({ state: 'pending', attempt: 0 });
      expect((await rig.claimOne(given?.id ?? '', 'w2')).claim).toMatchObject({ attempt: 1 });
      expect(await kept?.commit()).toEqual([]);
    });

    it('leaves alone what the session does not hold', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const foreign = await rig.started({}, 'w2');
      const done = await rig.started({}, 'w1');
      await done.settle(succeeded());
      await rig.store.release(partition, 'w1', [foreign.id, done.id, rig.newRoot().id]);
      expect(await foreign.commit()).toEqual([]);
      expect(await rig.record(done.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    });

    it('twice changes nothing more', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await rig.store.release(partition, 'w1', [run.id]);
      expect(await rig.store.release(partition, 'w1', [run.id])).toEqual({ hints: [] });
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending', attempt: 0 });
    });

    it('all ends the session', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const runs = await startMany(rig, 3);
      const { hints } = await rig.store.release(partition, 'w1');
      expect(new Set(ids(hints))).toEqual(new Set(runs.map((run) => run.id)));
      expect(await rig.beat('w1', 'w2')).toEqual([false, true]);
      expect(await rig.sweep()).toMatchObject({ workers: 1 });
      expect(await rig.store.release(partition, 'w1')).toEqual({ hints: [] });
    });

    it('keeps history, events, logs and timers', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const step = { kind: 'step', op: 1, outcome: succeeded(1) } as const;
      await run.commit({ history: 'h', events: [step], timers: [{ op: 2, ms: 500 }], logs: ['1'] });
      await rig.store.release(partition, 'w1', [run.id]);
      await rig.advance(600);
      expect(await rig.sweep()).toMatchObject({ timers: 1 });
      const { claim } = await rig.claimOne(run.id);
      expect(claim).toMatchObject({ history: ['h'], events: [step, { kind: 'timer', op: 2 }], logged: 1 });
    });
  });
}
