import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { newRootId, partitionOf } from '../../../src/contract/ids.ts';
import type { Letter, Turn } from '../../../src/contract/store.ts';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { cancelled, leaves, partition, type Rig, Run, succeeded } from './rig.ts';

const lookup = expect.objectContaining({
  state: 'failed',
  payload: expect.stringMatching(/^{"type":"LookupError","message":"no task /),
});

/** Carries every letter until there is none, each page twice, as two workers might. */
async function carry({ store }: Rig): Promise<void> {
  const all = Array.from({ length: store.partitions }, (_, number) => number);
  for (let carried = true; carried; ) {
    carried = false;
    for (const from of all)
      for (const to of all) {
        const letters: Letter[] = await store.outbox(from, to, 0);
        if (letters.length === 0) continue;
        await store.deliver(to, from, letters);
        await store.deliver(to, from, letters);
        await store.outbox(from, to, letters.at(-1)?.number ?? 0);
        carried = true;
      }
  }
}

/** A root that runs in another partition. */
async function abroad(rig: Rig): Promise<{ run: Run; there: number }> {
  const { store } = rig;
  for (let tries = 0; tries < 10_000; tries++) {
    const id = newRootId(Date.now(), randomBytes(16));
    const there = partitionOf(id, store.partitions);
    if (there === partition) continue;
    await store.submit(there, [rig.newRoot({ id })]);
    const { claims } = await store.claim(there, 'w1', 'n', [id], 1);
    const [claim] = claims;
    if (claim === undefined) throw new Error(`${id} was not claimed`);
    return { run: new Run(store, claim), there };
  }
  throw new Error('no id of another partition in 10,000 tries');
}

const wait = (run: Run, id: TaskId, op = 7, fields: Partial<Turn> = {}) =>
  run.commit({ subscriptions: [{ op, id }], ...fields });

export function awaiting(it: It): void {
  describe('Awaiting a task of another tree', () => {
    it('tells when a root has ended, and each who waits', async (rig) => {
      await rig.worker();
      const [target, first, second] = [await rig.started(), await rig.started(), await rig.started()];
      expect([await wait(first, target.id), await wait(second, target.id, 3)]).toEqual([[], []]);
      await target.settle(succeeded('over'));
      expect(await first.receive()).toEqual([{ kind: 'settled', op: 7, outcome: succeeded('over') }]);
      expect(await second.receive()).toEqual([{ kind: 'settled', op: 3, outcome: succeeded('over') }]);
    });

    it('tells when the tree of a root has ended, not before', async (rig) => {
      await rig.worker();
      const [target, run] = [await rig.started(), await rig.started()];
      await target.commit({ spawns: [target.spawn(1)] });
      const child = await rig.claimOne(target.child(1));
      await wait(run, target.id);
      expect(await target.settle(succeeded('over'))).toBe('ending');
      expect(await run.receive()).toEqual([]);
      await child.settle();
      expect(await run.receive()).toEqual([{ kind: 'settled', op: 7, outcome: succeeded('over') }]);
    });

    it('tells of a member that ends in the backlog', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const [target, run] = [await rig.started(), await rig.started()];
      await target.commit({ groups: [target.group(1, leaves(20))] });
      await wait(run, target.member(1, 19));
      expect(await run.receive()).toEqual([]);
      await target.commit({ cancelGroups: [{ id: target.child(1), message: 'enough' }] });
      expect(await run.receive()).toEqual([{ kind: 'settled', op: 7, outcome: cancelled('enough') }]);
      expect(await wait(run, target.member(1, 18), 8)).toEqual([
        { kind: 'settled', op: 8, outcome: cancelled('enough') },
      ]);
    });

    it('fails for a task that does not exist', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      expect(await wait(run, `${run.id}.ABCDEFGHJKMN`)).toEqual([{ kind: 'settled', op: 7, outcome: lookup }]);
    });

    it('across partitions: tells once, however often letters come', async (rig) => {
      if (rig.store.partitions === 1) return;
      await rig.worker();
      const run = await rig.started();
      const { run: target, there } = await abroad(rig);
      const turn = run.turn({ subscriptions: [{ op: 7, id: target.id }] });
      for (let twice = 0; twice < 2; twice++)
        expect(await rig.store.commit(partition, [turn])).toMatchObject({ mail: twice === 0 ? [there] : [] });
      await carry(rig);
      expect(await run.receive()).toEqual([]);
      const { mail } = await rig.store.settle(there, [target.settlement(succeeded('over'))]);
      expect(mail).toEqual([partition]);
      await carry(rig);
      expect(await run.receive()).toEqual([{ kind: 'settled', op: 7, outcome: succeeded('over') }]);
      expect((await rig.sweep()).mail).toEqual([]);
    });

    it('across partitions: the sweep tells of letters that nobody carried', async (rig) => {
      if (rig.store.partitions === 1) return;
      await rig.worker();
      const run = await rig.started();
      const { run: target, there } = await abroad(rig);
      await wait(run, target.id);
      expect((await rig.sweep()).mail).toEqual([there]);
      await carry(rig);
      expect((await rig.sweep()).mail).toEqual([]);
      await rig.store.settle(there, [target.settlement(succeeded())]);
      expect((await rig.store.sweep(there, 2_000)).mail).toEqual([partition]);
    });

    it('across partitions: of one that has ended, and of none', async (rig) => {
      if (rig.store.partitions === 1) return;
      await rig.worker();
      const run = await rig.started();
      const { run: target, there } = await abroad(rig);
      await rig.store.settle(there, [target.settlement(succeeded('over'))]);
      await run.commit({
        subscriptions: [
          { op: 7, id: target.id },
          { op: 8, id: `${target.id}.ABCDEFGHJKMN` },
        ],
      });
      await carry(rig);
      expect(await run.receive()).toEqual([
        { kind: 'settled', op: 7, outcome: succeeded('over') },
        { kind: 'settled', op: 8, outcome: lookup },
      ]);
    });

    it('across partitions: a cancel arrives once, and of an equal one the second too', async (rig) => {
      if (rig.store.partitions === 1) return;
      await rig.worker();
      const run = await rig.started();
      const { run: target, there } = await abroad(rig);
      const cancels = (wave: string) => ({ cancels: [{ id: target.id, message: 'line 1\nline 2', wave }] });
      await run.commit(cancels('a'));
      await run.commit(cancels('b'));
      await carry(rig);
      const asked = { id: target.id, token: target.claim.token, known: 0, commits: 0 };
      const events = ['a', 'b'].map((wave) => ({ kind: 'cancel', message: 'line 1\nline 2', wave }));
      expect(await rig.store.receive(there, [asked])).toEqual([{ kind: 'committed', events }]);
    });

    it('across partitions: who has ended meanwhile hears nothing', async (rig) => {
      if (rig.store.partitions === 1) return;
      await rig.worker();
      const run = await rig.started();
      const { run: target, there } = await abroad(rig);
      await wait(run, target.id);
      await run.settle(succeeded('without'));
      await carry(rig);
      await rig.store.settle(there, [target.settlement()]);
      await carry(rig);
      expect(await rig.record(run.id)).toMatchObject({ outcome: succeeded('without') });
    });
  });
}
