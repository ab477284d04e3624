import { describe, expect } from 'vitest';
import { rootOf } from '../../../src/contract/ids.ts';
import type { It } from '../store-conformance.ts';
import { cancelled, failed, ids, leaves, partition, type Rig, succeeded } from './rig.ts';

/** A root that has ended while its children `running` run; `pending` was hinted and never claimed. */
async function ended(rig: Rig) {
  await rig.worker();
  const root = await rig.started();
  await root.commit({ spawns: [root.spawn(1), root.spawn(2), root.spawn(3)] });
  const running = await rig.claim([root.child(1), root.child(2)]);
  const [first, second] = running;
  if (first === undefined || second === undefined) throw new Error('two children run');
  const answer = await root.settle(succeeded('root'));
  return { root, answer, first, second, pending: root.child(3) };
}

/** The event of the end of a tree, or of a cancel of all of it. */
const cancelOf = (act: 'end' | 'tree', { id }: { id: string }) => ({
  kind: 'cancel',
  message: undefined,
  wave: `${act}:${rootOf(id)}`,
});

export function ending(it: It): void {
  describe('A root whose coroutine has ended before its tree', () => {
    it('is ending: it runs on without a result', async (rig) => {
      const { root, answer } = await ended(rig);
      expect(answer).toBe('ending');
      expect(await rig.record(root.id)).toMatchObject({ state: 'running', outcome: undefined, finishedAt: undefined });
    });

    it('is settled by the last task of the tree', async (rig) => {
      const { root, first, second, pending } = await ended(rig);
      await rig.cancel(pending);
      await rig.grace();
      await first.settle(failed('late'));
      expect((await rig.record(root.id)).state).toBe('running');
      await rig.advance(1_000);
      await second.settle();
      const record = await rig.record(root.id);
      expect(record).toMatchObject({ state: 'succeeded', outcome: succeeded('root') });
      expect(record.children).toMatchObject({
        total: 3,
        pending: 0,
        running: 0,
        succeeded: 1,
        failed: 1,
        cancelled: 1,
      });
      expect(record.finishedAt).toBeGreaterThanOrEqual((await rig.record(first.id)).finishedAt ?? Number.NaN);
    });

    it('needs no slot', async (rig) => {
      await rig.worker('w1', { slots: 1 });
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      expect(await root.settle()).toBe('ending');
      const { hints } = await rig.store.release(partition, 'w1', [child.id]);
      expect(ids(hints)).toEqual([child.id]);
      const again = await rig.claimOne(child.id);
      await again.settle();
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded' });
      await rig.submit();
      const other = await rig.submit();
      expect(ids((await rig.sweep()).hints)).not.toContain(other); // there is one slot, as before
    });

    it('keeps the outcome that it had, when it failed too', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      expect(await root.settle(failed('root'), { logs: ['"bye"'] })).toBe('ending');
      await child.settle();
      expect(await rig.record(root.id)).toMatchObject({ state: 'failed', outcome: failed('root') });
      expect(await rig.store.logs(root.id)).toEqual([{ task: root.id, entries: ['"bye"'] }]);
    });

    it('answers a re-sent settlement', async (rig) => {
      const { root } = await ended(rig);
      const { answers } = await rig.store.settle(partition, [root.settlement(succeeded('root'))]);
      expect(answers).toEqual([{ kind: 'ending' }]);
    });

    it('is claimed by nobody: not even its own worker writes any more', async (rig) => {
      const { root } = await ended(rig);
      expect([await root.commit({ spawns: [root.spawn(9)] }), await root.receive()]).toEqual(['fenced', 'fenced']);
      expect(await rig.claim([root.id])).toEqual([]);
      await rig.live(8_000);
      expect(await rig.record(root.id)).toMatchObject({ state: 'running', attempt: 1 });
    });

    it('keeps its outcome when it is cancelled', async (rig) => {
      const { root, first, second, pending } = await ended(rig);
      await rig.cancel(root.id);
      await rig.cancel(pending);
      await rig.grace();
      for (const child of [first, second]) await child.settle();
      expect(await rig.record(root.id)).toMatchObject({ outcome: succeeded('root') });
    });

    it('waits for the grandchildren, too', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      await child.commit({ groups: [child.group(1, leaves(1))] });
      const grandchild = await rig.claimOne(child.member(1, 0));
      await child.settle();
      expect(await root.settle()).toBe('ending');
      await grandchild.settle();
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded' });
    });

    it('is settled at once when all below it have ended', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      await (await rig.claimOne(root.child(1))).settle();
      expect(await root.settle()).toBe('settled');
    });
  });

  describe('Ending a tree', () => {
    it('cancels all that run and ends all that never started', async (rig) => {
      const { root, first, second, pending } = await ended(rig);
      await rig.cancelTree(root.id);
      await rig.grace();
      expect(await rig.record(pending)).toMatchObject({ state: 'cancelled', outcome: cancelled(), attempt: 0 });
      for (const child of [first, second]) {
        expect(await child.receive()).toEqual([cancelOf('end', child)]);
        expect(await rig.record(child.id)).toMatchObject({ cancelRequested: true });
        await child.settle(cancelled());
      }
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded', outcome: succeeded('root') });
    });

    it('settles the root when nothing has started in a moment', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ groups: [root.group(1, leaves(20), { limit: 3 })], spawns: [root.spawn(2)] });
      expect(await root.settle()).toBe('ending');
      await rig.cancelTree(root.id);
      await rig.grace();
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded', children: { total: 21, cancelled: 21 } });
    });

    it('cancels each task once, however often it is asked', async (rig) => {
      const { root, first } = await ended(rig);
      for (let i = 0; i < 3; i++) await rig.cancelTree(root.id);
      expect(await first.receive()).toHaveLength(1);
      await first.commit({ events: [{ kind: 'step', op: 9, outcome: succeeded() }] });
      await rig.cancelTree(root.id);
      expect(await first.receive()).toEqual([]);
    });

    it('cancels once more what was cancelled before', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      await root.commit({ cancels: [{ id: child.id, message: undefined }] });
      expect(await child.receive()).toHaveLength(1);
      await child.commit();
      await root.settle();
      await rig.cancelTree(root.id);
      expect(await child.receive()).toEqual([cancelOf('end', child)]);
    });

    it('reaches every depth', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      await child.commit({ groups: [child.group(1, leaves(2))] });
      const member = await rig.claimOne(child.member(1, 0));
      await child.settle();
      await root.settle();
      await rig.cancelTree(root.id);
      expect(await member.receive()).toEqual([cancelOf('end', member)]);
      await rig.grace();
      expect(await rig.record(child.member(1, 1))).toMatchObject({ state: 'cancelled', attempt: 0 });
    });

    it('goes page by page through a large tree', async (rig) => {
      await rig.worker('w1', { slots: 1_000 });
      const root = await rig.started();
      await root.commit({ spawns: Array.from({ length: 700 }, (_, op) => root.spawn(op)) });
      await root.commit({ spawns: Array.from({ length: 700 }, (_, op) => root.spawn(1_000 + op)) });
      await root.settle();
      expect(await rig.cancelTree(root.id)).toBeGreaterThanOrEqual(3);
      await rig.grace();
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded', children: { cancelled: 1_400 } });
    });

    it('leaves the cleanup alone that a task began afterwards', async (rig) => {
      const { root, first, second } = await ended(rig);
      await first.commit({ spawns: [first.spawn(1)] });
      await second.commit({ groups: [second.group(1, leaves(2), { limit: 1 })] });
      await rig.cancelTree(root.id);
      const cleanup = [first.child(1), second.member(1, 0), second.member(1, 1)];
      for (const id of cleanup) {
        const task = await rig.claimOne(id);
        expect(await task.receive()).toEqual([]);
        await task.settle();
      }
      await rig.grace();
      for (const child of [first, second]) await child.settle(cancelled());
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded' });
    });

    it('comes to its end when the last of a cleanup is cancelled in a backlog', async (rig) => {
      const { root, first, second } = await ended(rig);
      await first.commit({ groups: [first.group(1, leaves(2), { limit: 1 })] });
      await rig.cancelTree(root.id);
      const cleanup = await rig.claimOne(first.member(1, 0));
      await rig.cancel(first.member(1, 1));
      for (const task of [first, second, cleanup]) await task.settle();
      await rig.live(5_000, 'w1');
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded', outcome: succeeded('root') });
    });

    it('is done by the sweep when nobody else does it', async (rig) => {
      const { first, pending } = await ended(rig);
      for (let sweeps = 0; sweeps < 5; sweeps++) await rig.live(1_000, 'w1');
      expect(await first.receive()).toEqual([cancelOf('end', first)]);
      expect(await rig.record(pending)).toMatchObject({ state: 'cancelled' });
    });

    it('strikes what was on its way to a worker when it starts', async (rig) => {
      const { root, pending } = await ended(rig);
      await rig.cancelTree(root.id);
      const late = await rig.claimOne(pending);
      expect(late.claim.events).toEqual([cancelOf('end', late)]);
      await rig.grace();
      expect(await late.settle(cancelled())).toBe('settled');
    });

    it('never starts what the last turn of the root has created', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)], groups: [root.group(2, leaves(3))], ends: true });
      expect(root.hints).toEqual([]);
      expect(await root.settle()).toBe('settled');
      expect((await rig.record(root.id)).children).toMatchObject({ total: 4, cancelled: 4 });
    });

    it('lets tasks run on that were taken back from their worker', async (rig) => {
      const { root, first } = await ended(rig);
      await rig.cancelTree(root.id);
      await rig.store.release(partition, 'w1', [first.id]);
      const again = await rig.claimOne(first.id);
      expect(again.claim.events).toEqual([cancelOf('end', again)]);
    });
  });

  describe('Cancelling the tree of a root that runs', () => {
    it('cancels all below it and not the root', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ groups: [root.group(1, leaves(4), { limit: 2, returnExceptions: true })] });
      const [member] = await rig.claim(ids(root.hints));
      await rig.cancelTree(root.id);
      expect(await member?.receive()).toEqual([cancelOf('tree', root)]);
      expect(await root.receive()).toEqual([]);
      await rig.grace();
      expect((await rig.record(root.id)).children).toMatchObject({ total: 4, pending: 0 });
      await rig.claim(ids(root.hints));
      for (const task of [member]) await task?.settle(cancelled());
    });

    it('does not stand for the cancel at the end of the root', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      await rig.cancelTree(root.id);
      expect(await child.receive()).toEqual([cancelOf('tree', root)]);
      await child.commit({ history: 'cleanup' });
      await root.settle();
      await rig.cancelTree(root.id);
      expect(await child.receive()).toEqual([cancelOf('end', root)]);
    });

    it('of an unknown root does nothing', async (rig) => {
      expect(await rig.store.cancelTree(partition, rig.newRoot().id, '')).toEqual({ next: undefined, hints: [] });
    });
  });
}
