import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { ids, partition, succeeded } from './rig.ts';

const hour = 3_600_000;

export function submitting(it: It): void {
  describe('I3 a submit that was answered exists', () => {
    it('as a pending task without parent, outcome or start', async (rig) => {
      const id = await rig.submit({ coroutine: 'main', options: '{"name":"first"}' });
      expect(await rig.record(id)).toMatchObject({
        id,
        coroutine: 'main',
        options: '{"name":"first"}',
        state: 'pending',
        outcome: undefined,
        parent: undefined,
        startedAt: undefined,
        finishedAt: undefined,
        attempt: 0,
        worker: undefined,
        progress: undefined,
        cancelRequested: false,
        children: { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
      });
    });

    it('created at the time of the store', async (rig) => {
      const [first, second] = [await rig.submit(), await rig.advance(5_000).then(() => rig.submit())];
      const passed = (await rig.record(second)).createdAt - (await rig.record(first)).createdAt;
      expect(passed).toBeGreaterThanOrEqual(5_000);
      expect(passed).toBeLessThan(6_000);
    });

    it('all roots of a call', async (rig) => {
      const roots = Array.from({ length: 100 }, () => rig.newRoot());
      const { existing } = await rig.store.submit(partition, roots);
      expect(existing).toEqual(roots.map(() => undefined));
      expect(await rig.store.records(ids(roots))).not.toContain(undefined);
    });

    it('with arguments to the byte', async (rig) => {
      await rig.worker();
      const args = '{"empty":[],"big":12345678901234567890.0,"text":"\\u0000 ü 🐎 \\"\\n\\\\","a":{}}';
      const run = await rig.started({ args, options: '{"priority":3,"x":[]}' });
      expect(run.claim).toMatchObject({ args, options: '{"priority":3,"x":[]}' });
    });
  });

  describe('Submitting twice', () => {
    it('changes nothing for a root that is there already', async (rig) => {
      await rig.worker();
      const root = rig.newRoot();
      const first = await rig.store.submit(partition, [root]);
      const second = await rig.store.submit(partition, [root]);
      expect(ids(first.hints)).toEqual([root.id]);
      expect(second).toMatchObject({ existing: [undefined], hints: [] });
    });

    it('changes nothing for a root that has ended', async (rig) => {
      await rig.worker();
      const root = rig.newRoot();
      await rig.store.submit(partition, [root]);
      await (await rig.claimOne(root.id)).settle(succeeded(1));
      expect(await rig.store.submit(partition, [root])).toMatchObject({ existing: [undefined], hints: [] });
      expect(await rig.record(root.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    });

    it('answers the first id for the same idempotency key with the same content', async (rig) => {
      const idempotency = { key: 'k\n{1}', fingerprint: 'f' };
      const [first, second] = [rig.newRoot({ idempotency }), rig.newRoot({ idempotency })];
      await rig.store.submit(partition, [first]);
      expect((await rig.store.submit(partition, [second])).existing).toEqual([first.id]);
      expect(await rig.store.records([second.id])).toEqual([undefined]);
    });

    it('is a conflict for the same key with other content', async (rig) => {
      const first = rig.newRoot({ idempotency: { key: 'k', fingerprint: 'f' } });
      const second = rig.newRoot({ idempotency: { key: 'k', fingerprint: 'g' } });
      const other = rig.newRoot();
      await rig.store.submit(partition, [first]);
      expect((await rig.store.submit(partition, [second, other])).existing).toEqual(['conflict', undefined]);
      expect(await rig.store.records([second.id])).toEqual([undefined]);
      expect(await rig.record(other.id)).toMatchObject({ state: 'pending' });
    });

    it('answers a re-sent submit with a key like the first time', async (rig) => {
      const root = rig.newRoot({ idempotency: { key: 'k', fingerprint: 'f' } });
      const first = await rig.store.submit(partition, [root]);
      expect(await rig.store.submit(partition, [root])).toEqual(first);
      expect(first.existing).toEqual([undefined]);
    });

    it('sees a key twice in one call', async (rig) => {
      const idempotency = { key: 'k', fingerprint: 'f' };
      const roots = [rig.newRoot({ idempotency }), rig.newRoot({ idempotency })];
      expect((await rig.store.submit(partition, roots)).existing).toEqual([undefined, roots[0]?.id]);
    });

    it('forgets a key after 24 hours, not before', async (rig) => {
      const idempotency = { key: 'k', fingerprint: 'f' };
      const first = await rig.submit({ idempotency });
      await rig.advance(23 * hour);
      const early = await rig.store.submit(partition, [rig.newRoot({ idempotency })]);
      await rig.advance(2 * hour);
      const late = await rig.store.submit(partition, [rig.newRoot({ idempotency })]);
      expect([early.existing, late.existing]).toEqual([[first], [undefined]]);
    });
  });
}
