import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { failed, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

/** A task that waits for a child, a timer and a gather; parked. */
async function parked(rig: Rig): Promise<Run> {
  await rig.worker('w1');
  await rig.worker('w2');
  const run = await rig.started({}, 'w1');
  await run.commit({ spawns: [run.spawn(0)], timers: [{ op: 1, ms: 10_000 }], groups: [run.group(2, leaves(2))] });
  expect(await park(rig, run)).toBe('parked');
  return run;
}

async function park({ store }: Rig, { id, claim, known }: Run, wakeMs?: number): Promise<string | undefined> {
  return (await store.park(partition, [{ id, token: claim.token, known, wakeMs }]))[0];
}

export function parking(it: It): void {
  describe('A parked task', () => {
    it('is suspended and claimed by nobody: its worker may die, and nothing happens', async (rig) => {
      const { id } = await parked(rig);
      expect(await rig.record(id)).toMatchObject({ state: 'suspended', attempt: 1, worker: 'w1' });
      const answers = await rig.live(8_000, 'w2');
      expect(answers.reduce((sum, { expired }) => sum + expired, 0)).toBe(0);
      expect(await rig.claim([id], 'w2')).toEqual([]);
      expect(await rig.record(id)).toMatchObject({ state: 'suspended', attempt: 1 });
    });

    it('goes on with the outcome of a child, as the same attempt', async (rig) => {
      const run = await parked(rig);
      await (await rig.claimOne(run.child(0), 'w2')).settle(succeeded(7));
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending' });
      const revived = await rig.claimOne(run.id, 'w2');
      expect(revived.claim).toMatchObject({
        attempt: 1,
        commits: 1,
        events: [{ kind: 'settled', op: 0, outcome: succeeded(7) }],
      });
      expect(await rig.record(run.id)).toMatchObject({ state: 'running', worker: 'w2' });
    });

    it('goes on when a timer is due', async (rig) => {
      const run = await parked(rig);
      await rig.live(10_000, 'w1', 'w2');
      expect((await rig.claimOne(run.id, 'w2')).claim.events).toEqual([{ kind: 'timer', op: 1 }]);
    });

    it('goes on when a gather is decided', async (rig) => {
      const run = await parked(rig);
      await (await rig.claimOne(run.member(2, 1), 'w2')).settle(failed());
      expect((await rig.claimOne(run.id, 'w2')).claim.events).toEqual([{ kind: 'group', op: 2, failed: 1 }]);
    });

    it('goes on with a cancel, for its cleanup', async (rig) => {
      const run = await parked(rig);
      expect(await rig.cancel(run.id, 'enough')).toBe('requested');
      expect((await rig.claimOne(run.id, 'w2')).claim.events).toMatchObject([{ kind: 'cancel', message: 'enough' }]);
    });

    it('goes on when its tree is ended', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(0)] });
      const child = await rig.claimOne(root.child(0));
      await child.commit({ timers: [{ op: 0, ms: 100_000 }] });
      expect(await park(rig, child)).toBe('parked');
      expect(await root.settle()).toBe('ending');
      await rig.cancelTree(root.id);
      expect((await rig.claimOne(child.id)).claim.events).toMatchObject([{ kind: 'cancel' }]);
    });

    it('is made ready once, and passes what is new', async (rig) => {
      const run = await parked(rig);
      const first = await rig.claimOne(run.child(0), 'w2');
      await first.settle();
      await rig.cancel(run.id);
      const { claims } = await rig.store.claim(partition, 'w2', rig.nonce(), [run.id, run.id], 2);
      expect(claims).toHaveLength(1);
      expect(claims[0]?.events).toHaveLength(2);
    });

    it('counts as running with its parent, and as suspended in the cluster', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(0)] });
      const child = await rig.claimOne(root.child(0));
      await child.commit({ timers: [{ op: 0, ms: 100_000 }] });
      await park(rig, child);
      expect((await rig.record(root.id)).children).toMatchObject({ pending: 0, running: 1 });
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 0, running: 0, suspended: 2 });
      await rig.cancel(child.id);
      expect((await rig.record(root.id)).children).toMatchObject({ pending: 1, running: 0 });
      expect((await rig.store.cluster()).tasks).toEqual({ pending: 1, running: 0, suspended: 1 });
    });
  });

  describe('Parking', () => {
    it('is refused when there is news that the worker does not know', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 0, ms: 100_000 }] });
      await rig.cancel(run.id);
      expect(await park(rig, run)).toBe('news');
      expect(await run.receive()).toMatchObject([{ kind: 'cancel' }]);
      expect(await park(rig, run)).toBe('parked');
    });

    it('is refused while the task runs', async (rig) => {
      await rig.worker();
      expect(await park(rig, await rig.started())).toBe('news');
    });

    it('is fenced with a stale token, and once the task goes on', async (rig) => {
      const run = await parked(rig);
      await rig.cancel(run.id);
      const revived = await rig.claimOne(run.id, 'w2');
      await revived.commit();
      expect(await park(rig, run)).toBe('fenced');
      expect(await rig.record(run.id)).toMatchObject({ state: 'suspended', worker: 'w2' });
      expect(await revived.settle()).toBe('ending');
    });

    it('T2 takes the claim away: what the old run writes changes nothing', async (rig) => {
      const run = await parked(rig);
      expect(await run.commit({ logs: ['1'] })).toBe('fenced');
      expect(await run.receive()).toBe('fenced');
      expect(await run.settle()).toBe('fenced');
      expect(await rig.record(run.id)).toMatchObject({ state: 'suspended' });
    });

    it('answers a re-sent call the same', async (rig) => {
      expect(await park(rig, await parked(rig))).toBe('parked');
    });
  });
}
