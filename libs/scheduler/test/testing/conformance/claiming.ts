import { describe, expect } from 'vitest';
import { memberOf } from '../../../src/contract/ids.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaves, partition, type Rig, succeeded } from './rig.ts';

const submitMany = async (rig: Rig, count: number) => {
  const roots = Array.from({ length: count }, () => rig.newRoot());
  await rig.store.submit(partition, roots);
  return ids(roots);
};

export function claiming(it: It): void {
  describe('Claiming', () => {
    it('answers all that a worker needs', async (rig) => {
      await rig.worker();
      const id = await rig.submit({ args: '{"a":1}', options: '{"name":"n"}' });
      const { claims } = await rig.store.claim(partition, 'w1', 'nonce', [id], 1);
      const { createdAt } = await rig.record(id);
      expect(claims).toEqual([
        {
          id,
          member: memberOf(id),
          token: '1:w1:nonce',
          coroutine: 'main',
          args: '{"a":1}',
          options: '{"name":"n"}',
          attempt: 1,
          parent: undefined,
          createdAt,
          startedAt: createdAt,
          history: [],
          events: [],
          commits: 0,
          logged: 0,
          failures: 0,
          firstOp: 0,
          begunAt: expect.any(Number),
          claimedAt: expect.any(Number),
        },
      ]);
    });

    it('makes the task run', async (rig) => {
      await rig.worker();
      const { id } = await rig.started();
      const { createdAt, ...record } = await rig.record(id);
      expect(record).toMatchObject({ state: 'running', attempt: 1, worker: 'w1', stranded: false });
      expect(record.startedAt).toBeGreaterThanOrEqual(createdAt);
    });

    it('takes many at once', async (rig) => {
      await rig.worker();
      const tasks = await submitMany(rig, 100);
      expect((await rig.claim(tasks)).map((run) => run.id)).toEqual(tasks);
    });

    it('takes at most max and gives the others to whoever is free, before all others', async (rig) => {
      await rig.worker('w1', { slots: 4 });
      const roots = Array.from({ length: 6 }, () => rig.newRoot());
      const hinted = ids((await rig.store.submit(partition, roots)).hints);
      const { claims, hints } = await rig.store.claim(partition, 'w1', rig.nonce(), hinted, 2);
      expect(ids(claims)).toEqual(hinted.slice(0, 2));
      expect(ids(hints)).toEqual(hinted.slice(2));
    });

    it('leaves out what it does not know', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      const unknown = [rig.newRoot().id, `${id}.ABCDEFGHJKMN`, `${id}.ABCDEFGHJKMN.0`];
      expect((await rig.claim([...unknown, id])).map((run) => run.id)).toEqual([id]);
    });

    it('tells the parent of a child and the member of a group', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)], groups: [run.group(2, leaves(2))] });
      const children = await rig.claim(ids(run.hints));
      expect(children.map(({ claim }) => [claim.id, claim.parent, claim.args])).toEqual([
        [run.child(1), run.id, '{}'],
        [run.member(2, 0), run.id, '{"i":0}'],
        [run.member(2, 1), run.id, '{"i":1}'],
      ]);
    });

    it('does not take a member that was not dispatched', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(5), { limit: 1 })] });
      expect(await rig.claim([run.member(1, 4)])).toEqual([]);
    });

    it('works for a hint that came late', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const id = await rig.submit();
      await rig.advance(3_000);
      await rig.sweep();
      expect(await rig.claim([id, id])).toHaveLength(1);
      await rig.advance(3_000);
      expect((await rig.sweep()).hints).toEqual([]);
    });
  });

  describe('D2 a second claim finds nothing', () => {
    it('while the task runs', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const run = await rig.started();
      expect(await rig.claim([run.id], 'w2')).toEqual([]);
      expect(await rig.claim([run.id], 'w1')).toEqual([]);
      expect(await run.commit()).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ attempt: 1, worker: 'w1' });
    });

    it('while it is suspended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: 1_000 }] });
      expect(await rig.claim([run.id])).toEqual([]);
    });

    it('I1 when it has ended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.settle(succeeded(1));
      expect(await rig.claim([run.id])).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    });

    it('I1 when it was cancelled before its start', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      await rig.cancel(id);
      expect(await rig.claim([id])).toEqual([]);
    });

    it('in one call', async (rig) => {
      await rig.worker();
      const id = await rig.submit();
      expect(await rig.claim([id, id], 'w1', 2)).toHaveLength(1);
    });
  });

  describe('A re-sent claim', () => {
    it('answers the same claims again', async (rig) => {
      await rig.worker();
      const tasks = await submitMany(rig, 3);
      const first = await rig.store.claim(partition, 'w1', 'n', tasks, 2);
      const second = await rig.store.claim(partition, 'w1', 'n', tasks, 2);
      expect(second.claims).toEqual(first.claims);
      expect(await rig.record(tasks[0] ?? '')).toMatchObject({ attempt: 1 });
      expect(await rig.record(tasks[2] ?? '')).toMatchObject({ attempt: 0, state: 'pending' });
    });

    it('of another session with the same nonce is another claim', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const id = await rig.submit();
      await rig.store.claim(partition, 'w1', 'n', [id], 1);
      expect((await rig.store.claim(partition, 'w2', 'n', [id], 1)).claims).toEqual([]);
    });
  });

  describe('A hint that met the wrong session', () => {
    it('starts nothing there, and is sent to others after a moment', async (rig) => {
      await rig.worker('w1', { coroutines: ['leaf'] });
      await rig.worker('w2', { coroutines: ['main'] });
      const id = await rig.submit();
      const wrong = await rig.store.claim(partition, 'w1', rig.nonce(), [id], 1);
      expect(wrong).toEqual({ claims: [], hints: [] });
      expect(await rig.record(id)).toMatchObject({ state: 'pending', attempt: 0 });
      expect((await rig.sweep()).hints).toEqual([]);
      await rig.advance(300);
      expect(ids((await rig.sweep()).hints)).toEqual([id]);
      expect(await rig.claim([id], 'w2')).toHaveLength(1);
    });

    it('strands when nobody else knows the coroutine', async (rig) => {
      await rig.worker('w1');
      const id = await rig.submit();
      await rig.worker('w1', { coroutines: ['leaf'] });
      expect(await rig.claim([id])).toEqual([]);
      expect(await rig.record(id)).toMatchObject({ stranded: true });
      await rig.worker('w2');
      expect(ids((await rig.sweep()).hints)).toEqual([id]);
    });

    it('starts nothing in a session that is unknown', async (rig) => {
      await rig.worker('w1');
      const id = await rig.submit();
      expect(await rig.claim([id], 'gone')).toEqual([]);
      await rig.advance(3_000);
      expect(ids((await rig.sweep()).hints)).toEqual([id]);
    });
  });
}
