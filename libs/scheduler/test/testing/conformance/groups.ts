import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, failed, ids, leaf, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

/** A root that has gathered, and the members that were hinted, running. */
async function gathered(rig: Rig, count: number, options: Parameters<Run['group']>[2] = {}) {
  await rig.worker();
  const run = await rig.started();
  await run.commit({ groups: [run.group(1, leaves(count), options)] });
  return { run, members: await rig.claim(ids(run.hints)) };
}

const decided = (failedIndex?: number) => ({ kind: 'group', op: 1, failed: failedIndex });

export function groups(it: It): void {
  describe('A group', () => {
    it('has its members counted as pending children', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(5), { limit: 2 })] });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5, pending: 5 });
      expect(await rig.record(run.member(1, 4))).toMatchObject({ state: 'pending', attempt: 0, parent: run.id });
    });

    it('is decided when all members have ended, and tells nothing before', async (rig) => {
      const { run, members } = await gathered(rig, 3);
      for (const member of members.slice(0, 2)) await member.settle();
      const before = await run.receive();
      await members[2]?.settle();
      expect([before, await run.receive()]).toEqual([[], [decided()]]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 3, pending: 0, running: 0, succeeded: 3 });
    });

    it('that is empty is decided at once', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      expect(await run.commit({ groups: [run.group(1, [], { returnExceptions: true })] })).toEqual([decided()]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 0, pending: 0 });
    });

    it('is decided by its first failure, once', async (rig) => {
      const { run, members } = await gathered(rig, 3);
      await members[2]?.settle(failed('first'));
      expect(await run.receive()).toEqual([decided(2)]);
      await members[0]?.settle(failed('second'));
      await members[1]?.settle();
      expect(await run.receive()).toEqual([]);
    });

    it('is decided by a member that was cancelled', async (rig) => {
      const { run, members } = await gathered(rig, 2);
      await members[1]?.settle(cancelled('stop'));
      expect(await run.receive()).toEqual([decided(1)]);
    });

    it('is decided once when the last member is the first to fail', async (rig) => {
      const { run, members } = await gathered(rig, 2);
      await members[0]?.settle();
      await members[1]?.settle(failed());
      expect(await run.receive()).toEqual([decided(1)]);
    });

    it('with returnExceptions is decided when all have ended, whatever their outcomes', async (rig) => {
      const { run, members } = await gathered(rig, 3, { returnExceptions: true });
      await members[0]?.settle(failed());
      await members[1]?.settle(cancelled());
      expect(await run.receive()).toEqual([]);
      await members[2]?.settle();
      expect(await run.receive()).toEqual([decided()]);
    });

    it('is decided by many settlements of one call in their order', async (rig) => {
      const { run, members } = await gathered(rig, 5);
      const outcomes = [succeeded(), failed('1'), failed('2'), succeeded(), succeeded()];
      const settlements = [3, 2, 0, 1, 4].flatMap((i) => members[i]?.settlement(outcomes[i]) ?? []);
      await rig.store.settle(partition, settlements);
      expect(await run.receive()).toEqual([decided(2)]);
    });

    it('tells its outcomes by range', async (rig) => {
      const { run, members } = await gathered(rig, 4);
      await members[0]?.settle(succeeded('a'));
      await members[3]?.settle(failed('d'));
      const outcomes = async (from: number, count: number) =>
        (await rig.store.members(partition, run.child(1), from, count)).outcomes;
      expect(await outcomes(0, 4)).toEqual([succeeded('a'), undefined, undefined, failed('d')]);
      expect(await outcomes(2, 2)).toEqual([undefined, failed('d')]);
    });

    it('tells its size and, by the time of the store, since when it is open and decided', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(2))] });
      await rig.advance(3_000);
      const group = () => rig.store.members(partition, run.child(1), 0, 1);
      expect(await group()).toMatchObject({ size: 2, openMs: 3_000, decidedMs: 0 });
      const [member] = await rig.claim([run.member(1, 0)]);
      await member?.settle(failed());
      await rig.advance(500);
      expect(await group()).toEqual({ outcomes: [failed()], size: 2, openMs: 3_500, decidedMs: 500 });
    });

    it('stands beside spawned tasks and other groups', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)], groups: [run.group(2, leaves(1)), run.group(3, leaves(1))] });
      const [spawned, second, third] = await rig.claim([run.child(1), run.member(2, 0), run.member(3, 0)]);
      await third?.settle(failed('3'));
      await spawned?.settle(succeeded(1));
      await second?.settle();
      expect(await run.receive()).toEqual([
        { kind: 'group', op: 3, failed: 0 },
        { kind: 'settled', op: 1, outcome: succeeded(1) },
        { kind: 'group', op: 2, failed: undefined },
      ]);
      expect(await rig.store.children(run.id, 0, 10)).toEqual({
        ids: [run.child(1), run.member(2, 0), run.member(3, 0)],
        total: 3,
      });
    });

    it('of a thousand members ends', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(1_000))] });
      expect(await rig.runHinted(run.hints)).toHaveLength(1_000);
      expect(await run.receive()).toEqual([decided()]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 1_000, succeeded: 1_000, pending: 0 });
    });
  });

  describe('The limit of a group', () => {
    it('is how many members are on their way at once', async (rig) => {
      const { run, members } = await gathered(rig, 5, { limit: 2 });
      expect(members.map((member) => member.id)).toEqual([run.member(1, 0), run.member(1, 1)]);
      await members[1]?.settle();
      expect(ids(members[1]?.hints ?? [])).toEqual([run.member(1, 2)]);
    });

    it('holds when a member is taken back', async (rig) => {
      const { run } = await gathered(rig, 5, { limit: 2 });
      const { hints } = await rig.store.release(partition, 'w1', [run.member(1, 0)]);
      expect(ids(hints)).toEqual([run.member(1, 0)]);
    });

    it('lets all members end in the end', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(9), { limit: 4 })] });
      expect(await rig.runHinted(run.hints, { batch: 3 })).toHaveLength(9);
      expect(await run.receive()).toEqual([decided()]);
    });
  });

  describe('Staged members', () => {
    it('come before those of the turn', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const [a, b, c, d] = leaves(4);
      if (!a || !b || !c || !d) throw new Error('four leaves');
      await rig.store.stage(partition, run.child(1), run.claim.token, 0, [a, b]);
      await rig.store.stage(partition, run.child(1), run.claim.token, 2, [c]);
      await run.commit({ groups: [run.group(1, [d], { staged: 3 })] });
      const members = await rig.claim(ids(run.hints));
      expect(members.map(({ claim }) => [claim.id, claim.args])).toEqual(
        [a, b, c, d].map(({ args }, i) => [run.member(1, i), args]),
      );
    });

    it('may be all of them', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.stage(partition, run.child(1), run.claim.token, 0, leaves(3));
      await run.commit({ groups: [run.group(1, [], { staged: 3 })] });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 3, pending: 3 });
      expect(run.hints).toHaveLength(3);
    });

    it('are nothing before the turn is committed', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.stage(partition, run.child(1), run.claim.token, 0, leaves(3));
      expect((await rig.record(run.id)).children).toMatchObject({ total: 0, pending: 0 });
      expect((await rig.sweep()).hints).toEqual([]);
      expect(await rig.store.records([run.member(1, 0)])).toEqual([undefined]);
    });

    it('of a claim that is over are forgotten', async (rig) => {
      await rig.worker();
      const dead = await rig.started();
      await rig.store.stage(partition, dead.child(1), dead.claim.token, 0, leaves(4));
      await rig.store.release(partition, 'w1', [dead.id]);
      const run = await rig.claimOne(dead.id);
      await run.commit({ groups: [run.group(1, leaves(2))] });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 2 });
    });

    it('are staged once when they are sent twice', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const stage = (from: number) => rig.store.stage(partition, run.child(1), run.claim.token, from, leaves(2));
      for (const from of [0, 0, 2, 2]) await stage(from);
      await run.commit({ groups: [run.group(1, [leaf], { staged: 4 })] });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5 });
    });

    it('that the store has lost make it tell that it is behind, and change nothing', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const stage = (from: number) => rig.store.stage(partition, run.child(1), run.claim.token, from, leaves(2));
      expect(await stage(2)).toBe(false);
      expect(await stage(0)).toBe(true);
      const turn = run.turn({ groups: [run.group(1, [leaf], { staged: 4 })] });
      expect((await rig.store.commit(partition, [turn])).answers).toEqual([{ kind: 'behind' }]);
      expect(await stage(2)).toBe(true);
      const twice = [await rig.store.commit(partition, [turn]), await rig.store.commit(partition, [turn])];
      expect(twice.map(({ answers }) => answers[0]?.kind)).toEqual(['committed', 'committed']);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5 });
    });

    it('of an attempt that died are replaced by those of the next', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.store.stage(partition, run.child(1), run.claim.token, 0, leaves(5));
      await rig.store.release(partition, 'w1', [run.id]);
      const next = await rig.claimOne(run.id);
      await rig.store.stage(partition, run.child(1), next.claim.token, 0, leaves(2));
      await next.commit({ groups: [next.group(1, [], { staged: 2 })] });
      expect((await rig.record(run.id)).children).toMatchObject({ total: 2 });
    });
  });

  describe('Cancelling a group', () => {
    it('ends the backlog at once and asks the others to end', async (rig) => {
      const { run, members } = await gathered(rig, 5, { limit: 2, returnExceptions: true });
      const cancelGroups = [{ id: run.child(1), message: 'enough' }];
      expect(await run.commit({ cancelGroups })).toEqual([]);
      expect(run.hints).toEqual([]);
      expect(await members[0]?.receive()).toEqual([{ kind: 'cancel', message: 'enough' }]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5, running: 2, cancelled: 3, pending: 0 });
      const { outcomes } = await rig.store.members(partition, run.child(1), 1, 3);
      expect(outcomes).toEqual([undefined, cancelled('enough'), cancelled('enough')]);
      for (const member of members) await member.settle(cancelled('enough'));
      expect(await run.receive()).toEqual([decided()]);
    });

    it('ends those that are hinted, too, when they do not start in a moment', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(3))] });
      const hinted = ids(run.hints);
      await run.commit({ cancelGroups: [{ id: run.child(1), message: undefined }] });
      await rig.grace();
      expect((await run.receive())[0]).toMatchObject({ kind: 'group' });
      expect(await rig.claim(hinted)).toEqual([]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 3, cancelled: 3 });
    });

    it('leaves those alone that have ended', async (rig) => {
      const { run, members } = await gathered(rig, 2);
      await members[0]?.settle(succeeded('kept'));
      await run.commit({ cancelGroups: [{ id: run.child(1), message: undefined }] });
      const { outcomes } = await rig.store.members(partition, run.child(1), 0, 2);
      expect(outcomes).toEqual([succeeded('kept'), undefined]);
    });

    it('is possible in the turn that makes it: no member ever starts', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const groups = [run.group(1, leaves(3))];
      const events = await run.commit({ groups, cancelGroups: [{ id: run.child(1), message: 'm' }] });
      expect([events, run.hints]).toEqual([[decided(0)], []]);
      expect(await rig.record(run.member(1, 2))).toMatchObject({ state: 'cancelled', outcome: cancelled('m') });
    });
  });

  describe('Cancelling a member that was not dispatched', () => {
    it('ends it at once, and the group goes on without it', async (rig) => {
      const { run, members } = await gathered(rig, 3, { limit: 1, returnExceptions: true });
      expect(await rig.cancel(run.member(1, 1), 'm')).toBe('requested');
      expect(await rig.record(run.member(1, 1))).toMatchObject({
        state: 'cancelled',
        outcome: cancelled('m'),
        attempt: 0,
      });
      await members[0]?.settle();
      expect(ids(members[0]?.hints ?? [])).toEqual([run.member(1, 2)]);
      await (await rig.claimOne(run.member(1, 2))).settle();
      expect(await run.receive()).toEqual([decided()]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 3, succeeded: 2, cancelled: 1, pending: 0 });
    });

    it('decides the group', async (rig) => {
      const { run } = await gathered(rig, 3, { limit: 1 });
      await rig.cancel(run.member(1, 2));
      expect(await run.receive()).toEqual([decided(2)]);
    });

    it('works for the last one that was left', async (rig) => {
      const { run, members } = await gathered(rig, 2, { limit: 1, returnExceptions: true });
      await rig.cancel(run.member(1, 1));
      await members[0]?.settle();
      expect(members[0]?.hints).toEqual([]);
      expect(await run.receive()).toEqual([decided()]);
    });
  });
}
