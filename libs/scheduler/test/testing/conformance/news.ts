import { describe, expect, vi } from 'vitest';
import type { ClaimNews } from '../../../src/contract/store.ts';
import type { SessionId, TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { failed, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

/** What a listener has heard so far. News come by themselves, soon: wait for them with `vi.waitFor`. */
async function listen(rig: Rig, session: SessionId | undefined): Promise<{ heard: TaskId[]; close(): Promise<void> }> {
  const heard: TaskId[] = [];
  const { close } = await rig.store.listen(session, { news: (ids) => void heard.push(...ids) });
  return { heard, close };
}

/** A gather of two, run by another session than its task; one member is a record, for it has suspended. */
async function gathered(rig: Rig): Promise<{ run: Run; members: Run[]; heard: TaskId[]; told: ClaimNews[] }> {
  await rig.worker('w1');
  await rig.worker('w2');
  const run = await rig.started({}, 'w1');
  await run.commit({ groups: [run.group(1, leaves(2))] });
  const [heard, told]: [TaskId[], ClaimNews[]] = [[], []];
  await rig.store.listen('w1', {
    news: (ids) => void heard.push(...ids),
    events: (news) => {
      told.push(...news);
      heard.push(...news.map(({ id }) => id));
    },
  });
  const members = await rig.claim([run.member(1, 0), run.member(1, 1)], 'w2');
  await members[0]?.commit();
  return { run, members, heard, told };
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

    it('that tell the end of a gather tell what a reader would find', async (rig) => {
      const { run, members, heard, told } = await gathered(rig);
      await rig.advance(300);
      for (const [i, member] of members.entries()) await member.settle(succeeded(i));
      await contains(heard, run.id);
      const group = await rig.store.members(partition, run.child(1), 0, 2);
      const event = { kind: 'group', op: 1, failed: undefined, told: group };
      for (const news of told) expect(news).toEqual({ id: run.id, token: run.claim.token, from: 0, events: [event] });
    });

    it('that tell the failure of a gather tell of the member that decided', async (rig) => {
      const { run, members, heard, told } = await gathered(rig);
      await members[1]?.settle(failed());
      await contains(heard, run.id);
      const group = await rig.store.members(partition, run.child(1), 1, 1);
      const event = { kind: 'group', op: 1, failed: 1, told: group };
      for (const news of told) expect(news).toEqual({ id: run.id, token: run.claim.token, from: 0, events: [event] });
    });

    it('that come with the answer of a call tell the same', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(2))] });
      const members = await rig.claim([run.member(1, 0), run.member(1, 1)]);
      await rig.advance(300);
      const settlements = members.map((member, i) => member.settlement(succeeded(i)));
      const { news } = await rig.store.settle(partition, settlements);
      const event = { kind: 'group', op: 1, failed: undefined };
      const group = await rig.store.members(partition, run.child(1), 0, 2);
      for (const each of news) expect(each).toEqual({ id: run.id, from: 0, events: [{ ...event, told: group }] });
      expect(await run.receive()).toEqual([event]);
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
