import { describe, expect } from 'vitest';
import type { Claim } from '../../../src/contract/store.ts';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaf, leaves, partition, type Rig, Run, succeeded } from './rig.ts';

/** Settles, and takes what comes next in the same call. */
async function settleAndTake(rig: Rig, runs: readonly Run[], max: number, session = 'w1', nonce = rig.nonce()) {
  const settlements = runs.map((run) => run.settlement());
  const { answers, claims, hints } = await rig.store.settle(partition, settlements, {
    lane: 'settle',
    session,
    nonce,
    max,
  });
  return { kinds: answers.map(({ kind }) => kind), claims, hints, settlements, nonce };
}

const taken = (claims: readonly Claim[]): TaskId[] => claims.map(({ id }) => id);

/** A root whose gather waits: one member of it runs, there was a slot for one, and now there are more. */
async function gathering(rig: Rig, count: number, slots = 1, options: Parameters<Run['group']>[2] = {}) {
  await rig.worker('w1', { slots: 1 });
  const run = await rig.started();
  await run.commit({ groups: [run.group(1, leaves(count), options)] });
  const [first] = await rig.claim(ids(run.hints));
  if (first === undefined) throw new Error('no member was hinted');
  await rig.worker('w1', { slots });
  return { run, first };
}

export function followingOn(it: It): void {
  describe('Who settles and takes what comes next', () => {
    it('gets the next members of a gather, in order, and no hints besides', async (rig) => {
      const { run, first } = await gathering(rig, 5, 3);
      const { kinds, claims, hints } = await settleAndTake(rig, [first], 3);
      expect([kinds, taken(claims), hints]).toEqual([['settled'], [1, 2, 3].map((i) => run.member(1, i)), []]);
      expect(claims[0]).toMatchObject({ args: '{"i":1}', coroutine: 'leaf', attempt: 1, parent: run.id, events: [] });
      expect(await rig.record(run.member(1, 1))).toMatchObject({ state: 'running', worker: 'w1', attempt: 1 });
    });

    it('gets more for the slots of those that rest, as long as they do', async (rig) => {
      const { run, first } = await gathering(rig, 40, 3);
      const { claims } = await settleAndTake(rig, [first], 3);
      expect(claims).toHaveLength(3);
      const ask = async (resting?: number) => {
        const next = { lane: 'naps', session: 'w1', nonce: rig.nonce(), max: 3, resting };
        return taken((await rig.store.settle(partition, [], next)).claims);
      };
      expect(await ask()).toEqual([]);
      expect(await ask(2)).toEqual([4, 5].map((i) => run.member(1, i)));
      expect(await ask()).toEqual([]);
      expect(await ask(5)).toEqual([6, 7, 8].map((i) => run.member(1, i)));
      expect(await ask(1)).toEqual([]);
      expect(await rig.record(run.member(1, 4))).toMatchObject({ state: 'running' });
    });

    it('gets nothing for those that rested in a session which is gone', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      await rig.worker('w2', { slots: 1 });
      const [resting, last] = [await rig.started({}, 'w1'), await rig.started({}, 'w2')];
      const next = { lane: 'naps', session: 'w1', nonce: rig.nonce(), max: 0, resting: 1 };
      expect((await rig.store.settle(partition, [], next)).claims).toEqual([]);
      await rig.live(4_000, 'w2');
      const [revived] = await rig.claim([resting.id], 'w2');
      expect(revived?.claim.attempt).toBe(2);
      await rig.submit();
      await rig.submit();
      expect((await settleAndTake(rig, [last], 2, 'w2')).claims).toEqual([]);
    });

    it('I2 ends a gather that way', async (rig) => {
      const { run, first } = await gathering(rig, 40, 7);
      let runs = [first];
      for (let calls = 0; calls < 40 && runs.length > 0; calls++) {
        const { claims } = await settleAndTake(rig, runs, 7);
        runs = claims.map((claim) => new Run(rig.store, claim));
      }
      expect(await run.receive()).toEqual([{ kind: 'group', op: 1, failed: undefined }]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 40, succeeded: 40, running: 0, pending: 0 });
    });

    it('gets the same again when the call is sent again (rule 3)', async (rig) => {
      const { run, first } = await gathering(rig, 5);
      await rig.submit({ options: '{"priority":1}' });
      await rig.worker('w1', { slots: 4 });
      const { claims, settlements, nonce } = await settleAndTake(rig, [first], 4);
      const again = await rig.store.settle(partition, settlements, { lane: 'settle', session: 'w1', nonce, max: 4 });
      expect(claims).toHaveLength(4);
      expect(new Set(taken(again.claims))).toEqual(new Set(taken(claims)));
      expect(again.claims.map(({ token }) => token)).toEqual(claims.map(({ token }) => token));
      expect((await rig.record(run.id)).children).toMatchObject({ succeeded: 1 });
      for (const claim of again.claims) expect(await new Run(rig.store, claim).settle()).toBe('settled');
    });

    it('overtakes nobody: a slot stays free for each task that is on its way', async (rig) => {
      await rig.worker('w1', { slots: 4 });
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(9))] });
      const [first] = await rig.claim(ids(run.hints).slice(0, 1));
      expect(run.hints).toHaveLength(4);
      expect(taken((await settleAndTake(rig, first ? [first] : [], 4)).claims)).toEqual([run.member(1, 4)]);
    });

    it('takes trees in their turns', async (rig) => {
      const { run, first } = await gathering(rig, 300);
      const small = await rig.submit();
      const { claims } = await settleAndTake(rig, [first], 1);
      const next = await settleAndTake(
        rig,
        claims.map((claim) => new Run(rig.store, claim)),
        1,
      );
      expect([...taken(claims), ...taken(next.claims)]).toContain(small);
      expect((await rig.record(run.id)).state).toBe('suspended');
    });

    it('takes what was given back first', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      const [given, ended] = [await rig.started(), await rig.started()];
      for (let i = 0; i < 3; i++) await rig.submit();
      await rig.worker('w2', { slots: 1, coroutines: ['other'] });
      const { hints } = await rig.store.release(partition, 'w1', [given.id]);
      expect(ids(hints)[0]).toBe(given.id);
      const { claims } = await settleAndTake(rig, [ended], 1);
      expect(claims).toHaveLength(1);
      expect(ids(hints)).not.toContain(claims[0]?.id);
    });

    it('gets first what has been on its way for a while', async (rig) => {
      await rig.worker('w1', { slots: 2 });
      const run = await rig.started();
      const roots = [await rig.submit(), await rig.submit(), await rig.submit()];
      await rig.advance(400);
      const { claims } = await settleAndTake(rig, [run], 2);
      expect(taken(claims)).toEqual(roots.slice(0, 2));
      expect(await rig.claim(roots.slice(0, 1))).toEqual([]); // the hint comes too late (D2)
    });

    it('takes nothing that it does not know, and leaves it in its place', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await rig.worker('w2', { slots: 0, coroutines: ['rare', 'main', 'leaf'] });
      const [rare, plain] = [await rig.submit({ coroutine: 'rare' }), await rig.submit()];
      const { claims } = await settleAndTake(rig, [run], 1);
      expect(taken(claims)).toEqual([plain]);
      expect(await rig.record(rare)).toMatchObject({ state: 'pending' });
      await rig.worker('w2', { slots: 5, coroutines: ['rare', 'main', 'leaf'] });
      expect(ids((await rig.sweep()).hints)).toContain(rare);
    });

    it('stops at the first member that it does not know', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      await rig.worker('w2', { slots: 0, coroutines: ['rare'] });
      const run = await rig.started();
      const members = [leaf, leaf, { ...leaf, coroutine: 'rare' }, leaf];
      await run.commit({ groups: [run.group(1, members)] });
      const [first] = await rig.claim(ids(run.hints));
      const { claims } = await settleAndTake(rig, first ? [first] : [], 5);
      expect(taken(claims)).toEqual([run.member(1, 1)]);
    });

    it('heeds the limit of a gather', async (rig) => {
      const { run, first } = await gathering(rig, 9, 9, { limit: 2 });
      const { claims } = await settleAndTake(rig, [first], 9);
      expect(taken(claims)).toEqual([run.member(1, 1), run.member(1, 2)]);
    });

    it('gets nothing as a session that was given up', async (rig) => {
      const { first } = await gathering(rig, 5, 3);
      await rig.live(6_000);
      const { kinds, claims } = await settleAndTake(rig, [first], 3);
      expect([kinds, claims]).toEqual([['fenced'], []]);
    });

    it('gets no more than 4 MiB at once', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      for (let i = 0; i < 8; i++) await rig.submit({ args: JSON.stringify('x'.repeat(1 << 20)) });
      const { claims } = await settleAndTake(rig, [run], 8);
      expect(claims.length).toBeGreaterThan(0);
      expect(claims.length).toBeLessThan(6);
    });

    it('T2 the claims are fenced like any other', async (rig) => {
      const { run, first } = await gathering(rig, 3);
      const { claims } = await settleAndTake(rig, [first], 1);
      await rig.store.release(partition, 'w1', taken(claims));
      const [stale] = claims.map((claim) => new Run(rig.store, claim));
      expect(await stale?.settle(succeeded('late'))).toBe('fenced');
      expect(await rig.record(run.member(1, 1))).toMatchObject({ state: 'pending', attempt: 0 });
    });
  });

  describe('Who commits what suspends and takes what comes next', () => {
    const next = (rig: Rig, max: number) => ({ lane: 'commit', session: 'w1', nonce: rig.nonce(), max });

    it('gets the next tasks, those that it has just created included', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      const turn = run.turn({ groups: [run.group(1, leaves(3))] });
      const { answers, claims, hints } = await rig.store.commit(partition, [turn], next(rig, 1));
      expect([answers[0]?.kind, taken(claims), hints]).toEqual(['committed', [run.member(1, 0)], []]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'suspended' });
    });

    it('gets the same again, also when a settle has taken something meanwhile (rule 3)', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      const turn = run.turn({ groups: [run.group(1, leaves(5))] });
      const asked = next(rig, 1);
      const { claims } = await rig.store.commit(partition, [turn], asked);
      const runs = claims.map((claim) => new Run(rig.store, claim));
      const settled = await settleAndTake(rig, runs, 1);
      expect(taken(settled.claims)).toEqual([run.member(1, 1)]);
      expect((await rig.store.commit(partition, [turn], asked)).claims).toEqual([]); // it has ended
      expect((await rig.record(run.id)).children).toMatchObject({ succeeded: 1, running: 1, pending: 3 });
    });

    it('gets nothing for a turn that does not suspend after all', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const run = await rig.started();
      await rig.cancel(run.id);
      for (let i = 0; i < 2; i++) await rig.submit();
      const { answers, claims } = await rig.store.commit(partition, [run.turn()], next(rig, 1));
      expect([answers[0], claims]).toMatchObject([{ events: [{ kind: 'cancel' }] }, []]);
    });
  });
}
