/** Members that have begun, and ended, at the worker of their parent before the store hears of them (adr/0019). */
import { describe, expect } from 'vitest';
import type { NewGroup } from '../../../src/contract/store.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

const decided = { kind: 'group', op: 1, failed: undefined } as const;

export function begunMembers(it: It): void {
  describe('A group whose first members have begun', () => {
    const begun = { token: '1:w1:b1', results: ['1', '"two"'], running: 1 };

    /** A root that has gathered five leaves, of which two have ended and one runs. */
    async function halfBegun(rig: Rig, options: Partial<NewGroup> = {}) {
      await rig.worker();
      const run = await rig.started();
      const turn = run.turn({ groups: [run.group(1, leaves(5), { begun, ...options })] });
      const { hints } = await rig.store.commit(partition, [turn]);
      return { run, turn, hints, member: run.begun(1, 2, begun.token) };
    }

    it('hands out the others, and counts them all', async (rig) => {
      const { run, hints } = await halfBegun(rig);
      expect(ids(hints)).toEqual([3, 4].map((index) => run.member(1, index)));
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5, succeeded: 2, running: 1, pending: 2 });
      expect(await rig.record(run.member(1, 1))).toMatchObject({
        ...{ state: 'succeeded', outcome: succeeded('two'), attempt: 1, worker: 'w1' },
      });
      expect(await rig.record(run.member(1, 2))).toMatchObject({ state: 'running', attempt: 1, worker: 'w1' });
      expect(await rig.store.cluster()).toMatchObject({
        created: 6,
        tasks: { running: 1, suspended: 1, pending: 2 },
        openGathers: 1,
      });
    });

    it('is the same when the turn is sent again', async (rig) => {
      const { run, turn } = await halfBegun(rig);
      const before = await rig.store.records([0, 1, 2, 3, 4].map((index) => run.member(1, index)));
      await rig.store.commit(partition, [turn]);
      expect(await rig.store.records([0, 1, 2, 3, 4].map((index) => run.member(1, index)))).toEqual(before);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5, succeeded: 2, running: 1 });
    });

    it('is decided by the last of them, like any other', async (rig) => {
      const { run, hints, member } = await halfBegun(rig);
      for (const other of await rig.claim(ids(hints))) await other.settle();
      expect(await run.receive()).toEqual([]);
      expect(await member.settle()).toBe('settled');
      expect(await run.receive()).toEqual([decided]);
    });

    it('keeps to its limit', async (rig) => {
      const { hints, member } = await halfBegun(rig, { limit: 1 });
      expect(hints).toEqual([]);
      await member.settle();
      expect(member.hints).toHaveLength(1);
    });

    it('T3 gives what runs to others when its session ends, and takes nothing of the first claim (T2)', async (rig) => {
      const { run, member } = await halfBegun(rig);
      await rig.worker('w2');
      await rig.store.release(partition, 'w1');
      const again = await rig.claimOne(run.member(1, 2), 'w2');
      expect(again.claim).toMatchObject({ attempt: 1, args: '{"i":2}' });
      expect([await member.settle(), await again.settle()]).toEqual(['fenced', 'settled']);
    });

    it('and ended is decided, which its parent is told by its own worker alone (I2)', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const groups = [run.group(1, leaves(2), { begun: { ...begun, running: 0 } })];
      expect(await run.commit({ groups, events: [decided], early: 1 })).toEqual([]);
      run.known += 1;
      expect([await run.receive(), run.hints]).toEqual([[], []]);
      expect((await rig.store.members(partition, run.child(1), 0, 9)).outcomes).toEqual([
        succeeded(1),
        succeeded('two'),
      ]);
      expect(await rig.store.cluster()).toMatchObject({ openGathers: 0, tasks: { running: 0, suspended: 1 } });
      expect(await run.settle()).toBe('settled');
    });
  });

  describe('A member that ends together with what it has gathered', () => {
    const begun = { token: '1:w1:b1', results: ['1', '2', '3'], running: 0 };

    async function gathering(rig: Rig) {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(2))] });
      const [member, other] = (await rig.claim(ids(run.hints))) as [Run, Run];
      return { run, member, other, fields: { gathered: member.group(0, leaves(3), { begun }) } };
    }

    it('has it as children that have ended', async (rig) => {
      const { run, member, other, fields } = await gathering(rig);
      expect(await member.settle(succeeded('all'), fields)).toBe('settled');
      expect(await rig.record(member.id)).toMatchObject({
        ...{ state: 'succeeded', outcome: succeeded('all'), children: { total: 3, succeeded: 3, running: 0 } },
      });
      expect(await rig.store.children(member.id, 1, 9)).toEqual({
        ids: [member.member(0, 1), member.member(0, 2)],
        total: 3,
      });
      expect(await rig.record(member.member(0, 2))).toMatchObject({
        ...{ state: 'succeeded', outcome: succeeded(3), parent: member.id, worker: 'w1', attempt: 1 },
      });
      expect(await rig.store.cluster()).toMatchObject({
        created: 6,
        openGathers: 1,
        tasks: { running: 1, suspended: 1 },
      });
      await other.settle();
      expect(await run.receive()).toEqual([decided]);
      expect((await rig.store.members(partition, run.child(1), 0, 9)).outcomes).toEqual([
        succeeded('all'),
        succeeded(),
      ]);
    });

    it('T1 does so once, however often it is sent', async (rig) => {
      const { member, fields } = await gathering(rig);
      await member.settle(succeeded('all'), fields);
      const before = [await rig.record(member.id), await rig.store.cluster()];
      expect(await member.settle(succeeded('all'), fields)).toBe('settled');
      expect([await rig.record(member.id), await rig.store.cluster()]).toEqual(before);
    });

    it('T2 does nothing of it when its claim is lost', async (rig) => {
      const { member, fields } = await gathering(rig);
      await rig.worker('w2');
      await rig.store.release(partition, 'w1', [member.id]);
      const again = await rig.claimOne(member.id, 'w2');
      expect(await member.settle(succeeded('all'), fields)).toBe('fenced');
      expect(await rig.store.children(member.id, 0, 9)).toEqual({ ids: [], total: 0 });
      expect(await again.settle()).toBe('settled');
    });

    it('does so also when it has become a record meanwhile', async (rig) => {
      const { member, fields } = await gathering(rig);
      await rig.cancel(member.id, 'late');
      expect(await member.settle(succeeded('all'), fields)).toBe('settled');
      expect(await rig.record(member.id)).toMatchObject({ state: 'succeeded', children: { total: 3, succeeded: 3 } });
      expect(await rig.record(member.member(0, 0))).toMatchObject({ state: 'succeeded', outcome: succeeded(1) });
    });

    it('goes with its tree, and all that it had', async (rig) => {
      await rig.worker();
      const run = await rig.started({ resultTtlMs: 1_000 });
      await run.commit({ groups: [run.group(1, leaves(1))] });
      const member = await rig.claimOne(run.member(1, 0));
      await member.settle(succeeded(), { gathered: member.group(0, leaves(3), { begun }) });
      await run.settle();
      const answers = await rig.live(5_000, 'w1');
      expect(answers.reduce((sum, { removed }) => sum + removed, 0)).toBe(5);
      expect((await rig.kept()).filter((name) => name.includes(run.id))).toEqual([]);
    });
  });
}
