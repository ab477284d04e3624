/** Members of a gather that come with one claim and follow each other: they may end together, or each for itself (adr/0020). */
import { describe, expect } from 'vitest';
import type { Outcome } from '../../../src/contract/outcome.ts';
import type { It } from '../store-conformance.ts';
import { failed, ids, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

const size = 5;
const decided = { kind: 'group', op: 1, failed: undefined } as const;

async function together(rig: Rig) {
  await rig.worker();
  const run = await rig.started();
  await run.commit({ groups: [run.group(1, leaves(size))] });
  const members = await rig.claim(ids(run.hints));
  expect(members).toHaveLength(size);
  return { run, members };
}

const results = (members: readonly Run[]): Outcome[] => members.map((_, n) => succeeded(n));

/** In one call. */
async function settleAll(rig: Rig, members: readonly Run[], outcomes: readonly Outcome[] = results(members)) {
  const { answers } = await rig.store.settle(
    partition,
    members.map((member, n) => member.settlement(outcomes[n])),
  );
  return answers.map(({ kind }) => kind);
}

const outcomesOf = async (rig: Rig, run: Run, from = 0, count = 9) =>
  (await rig.store.members(partition, run.child(1), from, count)).outcomes;

export function claimedTogether(it: It): void {
  describe('Members that were claimed together', () => {
    it('end together, each with its result', async (rig) => {
      const { run, members } = await together(rig);
      expect(await rig.record((members[2] as Run).id)).toMatchObject({ state: 'running', attempt: 1, worker: 'w1' });
      expect(await outcomesOf(rig, run)).toEqual(members.map(() => undefined));
      await rig.advance(7);
      expect(await settleAll(rig, members)).toEqual(members.map(() => 'settled'));
      expect(await run.receive()).toEqual([decided]);
      for (const [n, { id }] of members.entries()) {
        const { state, outcome, attempt, worker, startedAt, finishedAt } = await rig.record(id);
        expect({ state, outcome, attempt, worker }).toEqual({
          ...{ state: 'succeeded', outcome: succeeded(n), attempt: 1, worker: 'w1' },
        });
        expect((finishedAt ?? 0) - (startedAt ?? 0)).toBe(7);
      }
      expect((await rig.record(run.id)).children).toMatchObject({ total: size, succeeded: size, running: 0 });
      expect(await rig.store.cluster()).toMatchObject({ openGathers: 0, tasks: { running: 0, suspended: 1 } });
      expect(await rig.store.held(partition, 'w1', 0)).toEqual([run.id]);
    });

    it('are read in pages that begin and end anywhere', async (rig) => {
      const { run, members } = await together(rig);
      await settleAll(rig, members);
      for (let from = 0; from < size; from++)
        for (let count = 1; count <= size; count++)
          expect(await outcomesOf(rig, run, from, count)).toEqual(results(members).slice(from, from + count));
    });

    it('T1 end once, however often that is sent', async (rig) => {
      const { run, members } = await together(rig);
      await settleAll(rig, members);
      const before = [await rig.store.records(ids(members)), await rig.store.cluster()];
      const others = members.map(() => succeeded('other'));
      expect(await settleAll(rig, members, others)).toEqual(members.map(() => 'settled'));
      expect(await settleAll(rig, members.slice(1, 3), others)).toEqual(['settled', 'settled']);
      expect([await rig.store.records(ids(members)), await rig.store.cluster()]).toEqual(before);
      expect(await run.receive()).toEqual([decided]);
      expect(await run.receive()).toEqual([]);
    });

    it('end in parts, and in any order', async (rig) => {
      const { run, members } = await together(rig);
      const [a, b, c, d, e] = members as [Run, Run, Run, Run, Run];
      expect(await settleAll(rig, [d, b])).toEqual(['settled', 'settled']);
      expect(await run.receive()).toEqual([]);
      expect(await settleAll(rig, [a, b, c, d, e], [1, 2, 3, 4, 5].map(succeeded))).toEqual(
        members.map(() => 'settled'),
      );
      expect(await outcomesOf(rig, run)).toEqual([1, 1, 3, 0, 5].map(succeeded));
      expect(await run.receive()).toEqual([decided]);
    });

    it('end in parts that follow each other, and what is left is taken over', async (rig) => {
      const { run, members } = await together(rig);
      const [a, b, c, d, e] = members as [Run, Run, Run, Run, Run];
      expect(await settleAll(rig, [b, c])).toEqual(['settled', 'settled']);
      expect(await outcomesOf(rig, run)).toEqual([undefined, succeeded(0), succeeded(1), undefined, undefined]);
      expect(new Set(await rig.store.held(partition, 'w1', 0))).toEqual(new Set([run.id, a.id, d.id, e.id]));
      await rig.worker('w2');
      await rig.store.release(partition, 'w1');
      const again = await rig.claim([a.id, d.id, e.id], 'w2');
      expect(await settleAll(rig, members)).toEqual(['fenced', 'settled', 'settled', 'fenced', 'fenced']);
      expect(await settleAll(rig, again)).toEqual(again.map(() => 'settled'));
      expect(await outcomesOf(rig, run)).toEqual([0, 0, 1, 1, 2].map(succeeded));
    });

    it('end in one call though others of their gather lie between them', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(24))] });
      const asked = ids(run.hints).filter((id) => !/\.(10|11)$/.test(id));
      const members = await rig.claim(asked);
      expect(await settleAll(rig, members)).toEqual(members.map(() => 'settled'));
      const between = await rig.claim([10, 11].map((index) => run.member(1, index)));
      const sofar = [...results(members.slice(0, 10)), undefined, undefined];
      expect(await outcomesOf(rig, run, 0, 12)).toEqual(sofar);
      expect(await outcomesOf(rig, run, 12, 12)).toEqual(results(members).slice(10));
      expect(await settleAll(rig, between)).toEqual(['settled', 'settled']);
      expect(await run.receive()).toEqual([decided]);
    });

    it('decide the gather when one of them fails', async (rig) => {
      const { run, members } = await together(rig);
      const outcomes = results(members).with(3, failed('three'));
      expect(await settleAll(rig, members, outcomes)).toEqual(members.map(() => 'settled'));
      expect(await run.receive()).toEqual([{ ...decided, failed: 3 }]);
      expect(await outcomesOf(rig, run)).toEqual(outcomes);
    });

    it('go their own ways: one waits, one is cancelled, the others end', async (rig) => {
      const { run, members } = await together(rig);
      const [waiting, other, ...left] = members as [Run, Run, ...Run[]];
      expect(await waiting.commit({ timers: [{ op: 0, ms: 1_000 }] })).toEqual([]);
      expect(await rig.cancel(other.id, 'enough')).toBe('requested');
      expect(await settleAll(rig, left)).toEqual(left.map(() => 'settled'));
      expect(await other.receive()).toEqual([{ kind: 'cancel', message: 'enough' }]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: size, running: 2, succeeded: 3 });
      expect(await settleAll(rig, [waiting, other])).toEqual(['settled', 'settled']);
      expect(await run.receive()).toEqual([decided]);
    });

    it('are cancelled together', async (rig) => {
      const { run, members } = await together(rig);
      await run.commit({ cancelGroups: [{ id: run.child(1), message: 'all' }] });
      for (const member of members) expect(await member.receive()).toEqual([{ kind: 'cancel', message: 'all' }]);
    });

    it('tell whoever waits for one of them', async (rig) => {
      const { members } = await together(rig);
      const [, target] = members as [Run, Run];
      const waiter = await rig.started();
      await waiter.commit({ subscriptions: [{ op: 4, id: target.id }] });
      await settleAll(rig, members);
      expect(await waiter.receive()).toEqual([{ kind: 'settled', op: 4, outcome: succeeded(1) }]);
    });

    it('I1 are claimed again under the same nonce, and by nobody else', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(size))] });
      const all = ids(run.hints);
      const { claims } = await rig.store.claim(partition, 'w1', 'once', all, size);
      expect((await rig.store.claim(partition, 'w1', 'once', all, size)).claims).toEqual(claims);
      expect(await rig.claim(all)).toEqual([]);
      expect((await rig.record(run.id)).children).toMatchObject({ running: size, pending: 0 });
    });

    it('are each held by their session, which is told where it forgot them', async (rig) => {
      const { run, members } = await together(rig);
      expect(await rig.store.held(partition, 'w1', size + 1)).toEqual([]);
      expect(new Set(await rig.store.held(partition, 'w1', size))).toEqual(new Set([run.id, ...ids(members)]));
    });

    it('T2 T3 go to others when their session gives them back, one or all', async (rig) => {
      const { members } = await together(rig);
      const [first] = members as [Run];
      await rig.worker('w2');
      await rig.store.release(partition, 'w1', [first.id]);
      expect((await rig.claimOne(first.id, 'w2')).claim).toMatchObject({ attempt: 1, args: '{"i":0}' });
      await rig.store.release(partition, 'w1');
      const again = await rig.claim(ids(members.slice(1)), 'w2');
      expect(again.map(({ claim }) => claim.attempt)).toEqual([1, 1, 1, 1]);
      expect(await settleAll(rig, members)).toEqual(members.map(() => 'fenced'));
      expect(await settleAll(rig, again)).toEqual(again.map(() => 'settled'));
    });

    it('T2 T3 are taken over when their session dies', async (rig) => {
      const { members } = await together(rig);
      await rig.worker('w2');
      const answers = await rig.live(6_000, 'w2');
      expect(answers.reduce((sum, { expired }) => sum + expired, 0)).toBe(size + 1);
      const again = await rig.claim(ids(members), 'w2');
      expect(again.map(({ claim }) => claim.attempt)).toEqual([2, 2, 2, 2, 2]);
      expect(await settleAll(rig, members)).toEqual(members.map(() => 'fenced'));
      expect(await settleAll(rig, again)).toEqual(again.map(() => 'settled'));
      expect(await rig.store.cluster()).toMatchObject({ orphaned: 0, tasks: { running: 0 } });
    });

    it('D1 hold no slot of those that take work while their session drains', async (rig) => {
      const { members } = await together(rig);
      await rig.worker('w2', { slots: 2 });
      await rig.store.beat({ session: 'w1', running: size, suspended: 1, draining: true, stuck: false });
      const { hints } = await rig.store.submit(partition, [rig.newRoot(), rig.newRoot(), rig.newRoot()]);
      expect(hints).toHaveLength(2);
      expect(await settleAll(rig, members)).toEqual(members.map(() => 'settled'));
    });

    it('go with their tree', async (rig) => {
      await rig.worker();
      const run = await rig.started({ resultTtlMs: 1_000 });
      await run.commit({ groups: [run.group(1, leaves(size))] });
      await settleAll(rig, await rig.claim(ids(run.hints)));
      await run.settle();
      const answers = await rig.live(3_000, 'w1');
      expect(answers.reduce((sum, { removed }) => sum + removed, 0)).toBe(size + 1);
      expect((await rig.kept()).filter((name) => name.includes(run.id))).toEqual([]);
    });
  });
}
