import { describe, expect, vi } from 'vitest';
import type { Claim } from '../../../src/contract/store.ts';
import type { SessionId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { ids, partition, type Rig, Run } from './rig.ts';

interface Given {
  claims: Claim[];
  numbers: number[];
  hints: string[];
}

/** A worker that listens, and what it was told of directly. */
async function listening(rig: Rig, id: SessionId, options?: Parameters<Rig['worker']>[1]): Promise<Given> {
  await rig.worker(id, options);
  const given: Given = { claims: [], numbers: [], hints: [] };
  await rig.store.listen(id, {
    news: () => undefined,
    hints: (_, hints) => void given.hints.push(...ids(hints)),
    claim: (claim, number) => {
      given.claims.push(claim);
      given.numbers.push(number);
    },
  });
  return given;
}

const heard = (given: Given, claims: number, hints: number) =>
  vi.waitFor(() => expect([given.claims.length, given.hints.length]).toEqual([claims, hints]));

export function giving(it: It): void {
  describe('Direct claims', () => {
    it('are not made where there are other partitions', async (rig) => {
      const given = await listening(rig, 'w1');
      await rig.submit();
      await heard(given, rig.store.partitions === 1 ? 1 : 0, rig.store.partitions === 1 ? 0 : 1);
    });

    const alone: It = (title, body) =>
      it(title, async (rig) => {
        if (rig.store.partitions === 1) await body(rig);
      });

    alone('T2 tell a worker that holds nothing of its claim, as one that it has asked for', async (rig) => {
      const given = await listening(rig, 'w1');
      const root = rig.newRoot({ args: '{"text":"a\\nb"}', options: '{"priority":7}' });
      const { hints, createdAt } = await rig.store.submit(partition, [root]);
      expect(hints).toEqual([]);
      await heard(given, 1, 0);
      const [claim] = given.claims as [Claim];
      const { id, coroutine, args, options } = root;
      const times = { createdAt, startedAt: createdAt, begunAt: createdAt, claimedAt: createdAt };
      const nothing = { parent: undefined, history: [], events: [], commits: 0, logged: 0, failures: 0, firstOp: 0 };
      expect(claim).toEqual({ id, coroutine, args, options, ...times, ...nothing, token: claim.token, attempt: 1 });
      expect(await rig.record(id)).toMatchObject({ state: 'running', attempt: 1, worker: 'w1' });
      const run = new Run(rig.store, claim);
      expect(await run.commit()).toEqual([]);
      expect(await run.settle()).toBe('settled');
      expect((await rig.record(id)).state).toBe('succeeded');
    });

    alone('D2 leave nothing for a hint to claim', async (rig) => {
      const given = await listening(rig, 'w1');
      const id = await rig.submit();
      await heard(given, 1, 0);
      await rig.worker('w2');
      expect(await rig.claim([id], 'w2')).toEqual([]);
      expect(await rig.claim([id], 'w1')).toEqual([]);
      await rig.advance(5_000);
      expect((await rig.sweep()).hints).toEqual([]);
    });

    alone('are one for each worker: the next root is hinted', async (rig) => {
      const given = await listening(rig, 'w1');
      await rig.store.submit(partition, [rig.newRoot(), rig.newRoot()]);
      await rig.submit();
      await heard(given, 1, 2);
    });

    alone('go to each worker that holds nothing, in turn', async (rig) => {
      const all = [await listening(rig, 'w1'), await listening(rig, 'w2'), await listening(rig, 'w3')];
      for (let n = 0; n < 3; n++) await rig.submit();
      for (const given of all) await heard(given, 1, 0);
    });

    alone('T2 have numbers and tokens that grow, also while the clock stands still', async (rig) => {
      const given = await listening(rig, 'w1');
      const id = await rig.submit();
      for (let n = 1; n <= 3; n++) {
        await heard(given, n, 0);
        await new Run(rig.store, given.claims.at(-1) as Claim).settle();
        await rig.submit();
      }
      await heard(given, 4, 0);
      expect(given.numbers).toEqual(given.numbers.toSorted((a, b) => a - b));
      expect(new Set([...given.numbers, ...given.claims.map(({ token }) => token)]).size).toBe(8);
      expect(given.claims[0]?.id).toBe(id);
    });

    const hinted: [string, (rig: Rig) => Promise<unknown>][] = [
      ['is large', (rig) => rig.submit({ args: JSON.stringify('x'.repeat(16_384)) })],
      ['must start by a certain time', (rig) => rig.submit({ options: '{"expiresAfter":5000}' })],
    ];
    for (const [which, submit] of hinted)
      alone(`are not made of a root that ${which}`, async (rig) => {
        const given = await listening(rig, 'w1');
        await submit(rig);
        await heard(given, 0, 1);
      });

    alone('are not made for a worker whose tasks are suspended: one of them may hold its loop again', async (rig) => {
      const given = await listening(rig, 'w1');
      await rig.submit();
      await heard(given, 1, 0);
      await new Run(rig.store, given.claims[0] as Claim).commit();
      await rig.store.beat({ session: 'w1', running: 0, suspended: 1, draining: false, stuck: false });
      await rig.submit();
      await heard(given, 1, 1);
    });

    alone('T3 are among what the session holds, and can be given back', async (rig) => {
      const given = await listening(rig, 'w1');
      const id = await rig.submit();
      await heard(given, 1, 0);
      expect(await rig.store.held(partition, 'w1', 0)).toEqual([id]);
      const { hints } = await rig.store.release(partition, 'w1', [id]);
      expect(ids(hints)).toEqual([id]);
      expect((await rig.claimOne(id)).claim.attempt).toBe(1);
      expect(await new Run(rig.store, given.claims[0] as Claim).settle()).toBe('fenced');
    });

    alone('D1 are taken back from a worker that dies', async (rig) => {
      const given = await listening(rig, 'w1');
      const id = await rig.submit();
      await heard(given, 1, 0);
      await rig.worker('w2');
      const swept = await rig.live(5_000, 'w2');
      expect(swept.flatMap(({ hints }) => ids(hints))).toContain(id);
      expect((await rig.claimOne(id, 'w2')).claim.attempt).toBe(2);
    });

    alone('T5 are counted as running', async (rig) => {
      const given = await listening(rig, 'w1');
      await rig.submit();
      await heard(given, 1, 0);
      const { tasks, created } = await rig.store.cluster();
      expect({ tasks, created }).toEqual({ tasks: { pending: 0, running: 1, suspended: 0 }, created: 1 });
    });
  });
}
