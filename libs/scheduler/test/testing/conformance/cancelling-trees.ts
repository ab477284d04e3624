import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, ids, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

const act = { message: 'enough', wave: 'w1' };
const struck = { kind: 'cancel', ...act };

/** Asks a task and everything below it, as a client does; tells how many pages it took. */
async function cancelAll({ store }: Rig, top: string): Promise<number> {
  await store.cancel(partition, [{ id: top, ...act }]);
  let pages = 0;
  for (const parents = [top]; parents.length > 0; )
    for (let after: string | undefined = ''; after !== undefined && pages < 1_000; pages++) {
      const page = await store.cancelChildren(partition, { id: parents[0] as string, ...act }, after);
      after = page.next;
      parents.push(...page.parents);
      if (after === undefined) parents.shift();
    }
  return pages;
}

/** A root with a child that runs, which has a child of its own. */
async function threeLevels(rig: Rig): Promise<{ root: Run; middle: Run; leaf: Run }> {
  await rig.worker();
  const root = await rig.started();
  await root.commit({ spawns: [root.spawn(1)] });
  const middle = await rig.claimOne(root.child(1));
  await middle.commit({ spawns: [middle.spawn(1)] });
  return { root, middle, leaf: await rig.claimOne(middle.child(1)) };
}

export function cancellingTrees(it: It): void {
  describe('I5 cancelling a task and everything below it', () => {
    it('asks every task once, and none above', async (rig) => {
      const { root, middle, leaf } = await threeLevels(rig);
      await cancelAll(rig, middle.id);
      expect([await middle.receive(), await leaf.receive(), await root.receive()]).toEqual([[struck], [struck], []]);
      expect(await rig.record(leaf.id)).toMatchObject({ cancelRequested: true });
    });

    it('ends what never started, backlogs of gathers too', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)], groups: [root.group(2, leaves(20), { returnExceptions: true })] });
      const member = await rig.claimOne(ids(root.hints).find((id) => id !== root.child(1)) ?? '');
      await cancelAll(rig, root.id);
      expect(await member.receive()).toEqual([struck]);
      await rig.grace();
      expect(await rig.record(root.child(1))).toMatchObject({ state: 'cancelled', outcome: cancelled('enough') });
      expect((await rig.record(root.id)).children).toMatchObject({ total: 21, pending: 0, running: 1, cancelled: 20 });
    });

    it('goes through a settled task to what it has left behind', async (rig) => {
      const { middle, leaf } = await threeLevels(rig);
      await middle.settle(succeeded());
      await cancelAll(rig, middle.id);
      expect(await leaf.receive()).toEqual([struck]);
      expect(await rig.record(middle.id)).toMatchObject({ state: 'succeeded' });
    });

    it('goes page by page, and a page may be sent twice', async (rig) => {
      await rig.worker('w1', { slots: 5_000 });
      const root = await rig.started();
      await root.commit({ groups: [root.group(1, leaves(1_500))], spawns: [root.spawn(2)] });
      const member = await rig.claimOne(root.member(1, 3));
      for (let twice = 0; twice < 2; twice++) {
        const page = await rig.store.cancelChildren(partition, { id: root.id, ...act }, '');
        expect(page.parents).toEqual([]);
      }
      expect(await member.receive()).toEqual([struck]);
      await member.settle(cancelled());
      expect(await cancelAll(rig, root.id)).toBeLessThan(20);
      await rig.grace();
      expect((await rig.record(root.id)).children).toMatchObject({ total: 1_501, pending: 0, cancelled: 1_501 });
    });

    it('knows a member by one spelling of its number', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const root = await rig.started();
      await root.commit({ groups: [root.group(1, leaves(20))] });
      expect(await rig.cancel(`${root.child(1)}.010`)).toBe('unknown');
      expect(await rig.store.records([`${root.child(1)}.010`])).toEqual([undefined]);
    });
  });
}
