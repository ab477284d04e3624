import { describe, expect, vi } from 'vitest';
import type { SessionId, TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { partition, type Rig } from './rig.ts';

/** What a listener has heard so far. News come by themselves, soon: wait for them with `vi.waitFor`. */
async function listen(rig: Rig, session: SessionId | undefined): Promise<{ heard: TaskId[]; close(): Promise<void> }> {
  const heard: TaskId[] = [];
  const { close } = await rig.store.listen(session, { news: (ids) => void heard.push(...ids) });
  return { heard, close };
}

const contains = (heard: TaskId[], id: TaskId) => vi.waitFor(() => expect(heard).toContain(id));

export function news(it: It): void {
  describe('News', () => {
    it('tell a session that a child of its task has ended', async (rig) => {
      await rig.worker('w1');
      await rig.worker('w2');
      const run = await rig.started({}, 'w1');
      await run.commit({ spawns: [run.spawn(1)] });
      const child = await rig.claimOne(run.child(1), 'w2');
      const [own, other] = [await listen(rig, 'w1'), await listen(rig, 'w2')];
      await child.settle();
      await contains(own.heard, run.id);
      expect(other.heard).not.toContain(run.id);
    });

    it('tell a session that a cancel has come', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const { heard } = await listen(rig, 'w1');
      await rig.cancel(run.id);
      await contains(heard, run.id);
    });

    it('tell a session that time is over', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ timers: [{ op: 1, ms: 100 }] });
      const { heard } = await listen(rig, 'w1');
      await rig.advance(200);
      await rig.sweep();
      await contains(heard, run.id);
    });

    it('tell clients that a root has ended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const { heard } = await listen(rig, undefined);
      await run.settle();
      await contains(heard, run.id);
      await contains(heard, run.id);
    });

    it('tell clients that a pending root was cancelled', async (rig) => {
      const id = await rig.submit();
      const { heard } = await listen(rig, undefined);
      await rig.cancel(id);
      await contains(heard, id);
    });

    it('tell clients that the tree of a root has ended', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)] });
      const child = await rig.claimOne(run.child(1));
      await run.settle();
      const { heard } = await listen(rig, undefined);
      await child.settle();
      await contains(heard, run.id);
    });

    it('tell clients of other tasks when they are watched', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1), run.spawn(2)] });
      const [watched, unwatched] = await rig.claim([run.child(1), run.child(2)]);
      await rig.store.watch(run.child(1));
      const { heard } = await listen(rig, undefined);
      await unwatched?.settle();
      await watched?.settle();
      await contains(heard, run.child(1));
      expect(heard).not.toContain(run.child(2));
    });

    it('tell clients of each commit of a task that is followed', async (rig) => {
      await rig.worker();
      const [followed, watched] = [await rig.submit(), await rig.submit()];
      await rig.store.watch(followed, true);
      await rig.store.watch(watched);
      await rig.store.watch(followed);
      const { heard } = await listen(rig, undefined);
      const runs = [await rig.claimOne(watched), await rig.claimOne(followed)];
      await contains(heard, followed);
      for (const run of runs) {
        heard.splice(0);
        await run.commit({ logs: ['1'] });
      }
      await contains(heard, followed);
      expect(heard).not.toContain(watched);
    });

    it('are not told to who has stopped listening', async (rig) => {
      const [first, second] = [await rig.submit(), await rig.submit()];
      const [closed, open] = [await listen(rig, undefined), await listen(rig, undefined)];
      await rig.cancel(first);
      await contains(closed.heard, first);
      await closed.close();
      await rig.store.cancel(partition, [{ id: second, message: undefined }]);
      await contains(open.heard, second);
      expect(closed.heard).not.toContain(second);
    });
  });
}
