import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { cancelled, failed, ids, leaves, partition, type Rig, type Run, succeeded } from './rig.ts';

const retry = { ms: 5_000, firstOp: 10 };
const error = failed('first').payload;

/** A root whose first attempt has failed. */
async function failedOnce(rig: Rig, begun?: (run: Run) => Promise<unknown>): Promise<Run> {
  await rig.worker();
  const run = await rig.started();
  await begun?.(run);
  expect(await run.settle(failed('first'), { retry })).toBe('retrying');
  return run;
}

/** Lets the wait pass, and claims the next attempt. */
async function again(rig: Rig, id: string): Promise<Run> {
  await rig.live(6_000, 'w1');
  return rig.claimOne(id);
}

export function retrying(it: It): void {
  describe('an attempt that failed is followed by another', () => {
    it('after its time, and the task is pending until then', async (rig) => {
      const run = await failedOnce(rig);
      const { createdAt, startedAt } = await rig.record(run.id);
      expect(await rig.record(run.id)).toMatchObject({
        ...{ state: 'pending', outcome: undefined, attempt: 1 },
        retry: { failures: 1, error, at: expect.any(Number) },
      });
      expect(await rig.claim([run.id])).toEqual([]);
      await rig.live(4_000, 'w1');
      expect(await rig.claim([run.id])).toEqual([]);
      await rig.advance(1_000);
      expect(ids((await rig.sweep()).hints)).toEqual([run.id]);
      const next = await rig.claimOne(run.id);
      expect(next.claim).toMatchObject({ attempt: 2, failures: 1, firstOp: 10, createdAt, startedAt });
      expect(await rig.record(run.id)).toMatchObject({
        state: 'running',
        retry: { failures: 1, error, at: undefined },
      });
      expect(await next.settle(succeeded('second'))).toBe('settled');
      expect(await rig.record(run.id)).toMatchObject({ outcome: succeeded('second'), retry: { failures: 1 } });
    });

    it('which has a history, an inbox and a log of its own', async (rig) => {
      const run = await failedOnce(rig, async (first) => {
        await first.commit({ history: 'one', timers: [{ op: 1, ms: 1_000 }], logs: ['1', '2'] });
        await first.commit({ events: [{ kind: 'step', op: 2, outcome: succeeded() }] });
      });
      const next = await again(rig, run.id);
      expect(next.claim).toMatchObject({ history: [], events: [], logged: 0, commits: 2 });
      expect(await next.commit({ history: 'two', logs: ['3'] })).toEqual([]);
      await rig.store.release(partition, 'w1', [run.id]);
      expect((await rig.claimOne(run.id)).claim).toMatchObject({ history: ['two'], logged: 1, failures: 1 });
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['1', '2', '3'] }]);
    });

    it('and the dead token writes nothing any more (T2)', async (rig) => {
      const run = await failedOnce(rig);
      expect(await run.commit()).toBe('fenced');
      const next = await again(rig, run.id);
      expect(await run.commit()).toBe('fenced');
      expect(await run.settle(succeeded('late'))).toBe('retrying'); // as it was answered before
      expect(await next.settle(succeeded('second'))).toBe('settled');
      expect(await run.settle(succeeded('late'))).toBe('fenced');
      expect(await rig.record(run.id)).toMatchObject({ outcome: succeeded('second') });
    });

    it('once, however often the settlement is sent', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      const settlement = run.settlement(failed('first'), { retry, logs: ['1'] });
      const first = await rig.store.settle(partition, [settlement]);
      const before = await rig.record(run.id);
      await rig.advance(1_000);
      expect(await rig.store.settle(partition, [settlement])).toEqual(first);
      expect(await rig.record(run.id)).toEqual(before);
      expect(await rig.store.logs(run.id)).toEqual([{ task: run.id, entries: ['1'] }]);
    });

    it('also when its worker dies in the middle of the wait, or of the next attempt', async (rig) => {
      const run = await failedOnce(rig);
      await rig.worker('w2');
      await rig.live(6_000, 'w2');
      const next = await rig.claimOne(run.id, 'w2');
      await rig.worker('w3');
      await rig.live(6_000, 'w3');
      const third = await rig.claimOne(run.id, 'w3');
      expect(await next.commit()).toBe('fenced');
      expect(third.claim).toMatchObject({ attempt: 3, failures: 1, firstOp: 10 });
    });

    it('and its parent hears of the last one alone (I2, T4)', async (rig) => {
      await rig.worker();
      const parent = await rig.started();
      await parent.commit({ spawns: [parent.spawn(1)] });
      const child = await rig.claimOne(parent.child(1));
      await child.settle(failed('first'), { retry });
      expect(await parent.receive()).toEqual([]);
      expect((await rig.record(parent.id)).children).toMatchObject({ total: 1, pending: 1, running: 0, failed: 0 });
      const next = await again(rig, child.id);
      expect((await rig.record(parent.id)).children).toMatchObject({ pending: 0, running: 1 });
      await next.settle(failed('second'));
      expect(await parent.receive()).toEqual([{ kind: 'settled', op: 1, outcome: failed('second') }]);
      expect((await rig.record(parent.id)).children).toMatchObject({ total: 1, running: 0, failed: 1 });
    });

    it('and so does the group that it is a member of', async (rig) => {
      await rig.worker();
      const parent = await rig.started();
      await parent.commit({ groups: [parent.group(1, leaves(2), { limit: 1 })] });
      const member = await rig.claimOne(parent.member(1, 0));
      await member.settle(failed('first'), { retry });
      expect(await parent.receive()).toEqual([]);
      expect((await rig.store.members(partition, parent.child(1), 0, 2)).outcomes).toEqual([undefined, undefined]);
      const next = await again(rig, member.id);
      await next.settle(succeeded(1));
      await (await rig.claimOne(parent.member(1, 1))).settle(succeeded(2));
      expect(await parent.receive()).toEqual([{ kind: 'group', op: 1, failed: undefined }]);
    });
  });

  describe('tasks of the failed attempt', () => {
    it('are cancelled, and the wait begins when they have ended', async (rig) => {
      let child: Run | undefined;
      const run = await failedOnce(rig, async (first) => {
        await first.commit({
          spawns: [first.spawn(1), first.spawn(2)],
          groups: [first.group(3, leaves(3), { limit: 1 })],
        });
        child = await rig.claimOne(first.child(1));
      });
      expect(await child?.receive()).toMatchObject([{ kind: 'cancel', message: undefined }]);
      await rig.live(10_000, 'w1');
      expect(await rig.record(run.child(2))).toMatchObject({ state: 'cancelled' });
      for (const index of [0, 1, 2])
        expect(await rig.record(run.member(3, index))).toMatchObject({ state: 'cancelled' });
      expect(await rig.claim([run.id])).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'pending', retry: { at: undefined } });
      await child?.settle(succeeded('swallowed'));
      expect((await rig.record(run.id)).retry?.at).toEqual(expect.any(Number));
      const next = await again(rig, run.id);
      expect(next.claim.events).toEqual([]);
      expect((await rig.record(run.id)).children).toMatchObject({ total: 5, succeeded: 1, cancelled: 4 });
    });

    it('are cancelled however many they are', async (rig) => {
      const run = await failedOnce(rig, (first) =>
        first.commit({ spawns: Array.from({ length: 1_100 }, (_, op) => first.spawn(op)) }),
      );
      await rig.live(9_000, 'w1');
      expect((await rig.record(run.id)).children).toMatchObject({ total: 1_100, cancelled: 1_100 });
      expect(await rig.claim([run.id])).toHaveLength(1);
    });

    it('of a gather that had been decided already are waited for as well', async (rig) => {
      let last: Run | undefined;
      const run = await failedOnce(rig, async (first) => {
        await first.commit({ groups: [first.group(1, leaves(2))] });
        const [one, two] = await rig.claim([first.member(1, 0), first.member(1, 1)]);
        await one?.settle(failed('decides'));
        last = two;
      });
      expect((await rig.record(run.id)).retry?.at).toBeUndefined();
      await last?.settle(succeeded());
      expect((await rig.record(run.id)).retry?.at).toEqual(expect.any(Number));
    });

    it('tell the next attempt nothing, nor do its timers and those that it watched', async (rig) => {
      await rig.worker();
      const other = await rig.started();
      const run = await failedOnce(rig, (first) =>
        first.commit({ subscriptions: [{ op: 1, id: other.id }], timers: [{ op: 2, ms: 8_000 }] }),
      );
      const next = await again(rig, run.id);
      await other.settle(succeeded());
      await rig.live(10_000, 'w1');
      expect(await next.receive()).toEqual([]);
    });
  });

  describe('a cancel decides by the state that it meets', () => {
    it('before the settlement: there is no other attempt', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await rig.cancel(run.id);
      expect(await run.settle(failed('first'), { retry })).toBe('settled');
      expect(await rig.record(run.id)).toMatchObject({ state: 'failed', outcome: failed('first'), retry: undefined });
    });

    it('during the wait: it ends as cancelled at once', async (rig) => {
      const run = await failedOnce(rig);
      expect(await rig.cancel(run.id, 'enough')).toBe('requested');
      const record = await rig.record(run.id);
      expect(record).toMatchObject({ state: 'cancelled', retry: { failures: 1, at: undefined } });
      expect(JSON.parse(record.outcome?.payload ?? '')).toEqual({ type: 'CancelledError', message: 'enough' });
      await rig.live(6_000, 'w1');
      expect(await rig.claim([run.id])).toEqual([]);
      expect(await rig.record(run.id)).toEqual(record);
    });

    it('while tasks of the failed attempt still end: a root ends after them', async (rig) => {
      let child: Run | undefined;
      const run = await failedOnce(rig, async (first) => {
        await first.commit({ spawns: [first.spawn(1)] });
        child = await rig.claimOne(first.child(1));
      });
      await rig.store.cancel(partition, [{ id: run.id, message: 'enough' }]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'running', outcome: undefined });
      expect(await rig.store.cancelTree(partition, run.id, '')).toMatchObject({ next: undefined });
      await rig.live(6_000, 'w1');
      expect(await rig.claim([run.id])).toEqual([]);
      expect(await child?.settle(succeeded('cleaned up'))).toBe('settled');
      expect(await rig.record(run.id)).toMatchObject({ outcome: cancelled('enough') });
      expect((await rig.store.cluster()).tasks).toMatchObject({ pending: 0, running: 0 });
    });

    it('when the next attempt is ready and not claimed: likewise', async (rig) => {
      const run = await failedOnce(rig);
      await rig.live(6_000, 'w1');
      await rig.cancel(run.id);
      expect(await rig.claim([run.id])).toEqual([]);
      expect(await rig.record(run.id)).toMatchObject({ state: 'cancelled' });
    });

    it('in the next attempt: it is an event', async (rig) => {
      const run = await failedOnce(rig);
      const next = await again(rig, run.id);
      await rig.cancel(run.id);
      expect(await next.receive()).toMatchObject([{ kind: 'cancel', message: undefined }]);
    });

    it('the end of the tree: nothing waits for another attempt', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1)] });
      const child = await rig.claimOne(root.child(1));
      await child.settle(failed('first'), { retry });
      expect(await root.settle(succeeded())).toBe('ending');
      await rig.cancelTree(root.id);
      expect(await rig.record(child.id)).toMatchObject({ state: 'cancelled' });
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded' });
    });
  });
}
