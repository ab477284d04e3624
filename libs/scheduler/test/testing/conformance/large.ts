import { describe, expect } from 'vitest';
import type { Outcome } from '../../../src/contract/outcome.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaf, partition, succeeded } from './rig.ts';

const megabyte = 'x'.repeat(1_048_576);
const heavy = { args: JSON.stringify(megabyte) };

export function large(it: It): void {
  describe('Large values come a few megabytes at a time', () => {
    it('when tasks are claimed: the others stay ready', async (rig) => {
      await rig.worker();
      const roots = Array.from({ length: 8 }, () => rig.newRoot(heavy));
      for (const root of roots) await rig.store.submit(partition, [root]);
      const first = await rig.store.claim(partition, 'w1', rig.nonce(), ids(roots), 8);
      expect(first.claims).toHaveLength(4);
      const second = await rig.store.claim(partition, 'w1', rig.nonce(), ids(roots), 8);
      expect(ids([...first.claims, ...second.claims]).sort()).toEqual(ids(roots).sort());
    });

    it('when a claim is sent twice: it is answered whole', async (rig) => {
      await rig.worker();
      const roots = Array.from({ length: 6 }, () => rig.newRoot(heavy));
      for (const root of roots) await rig.store.submit(partition, [root]);
      const claim = () => rig.store.claim(partition, 'w1', 'n', ids(roots), 6);
      expect(ids((await claim()).claims)).toEqual(ids((await claim()).claims).slice(0, 4));
    });

    it('when members of a gather are read: one at least', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({
        groups: [
          run.group(
            0,
            Array.from({ length: 6 }, () => leaf),
          ),
        ],
      });
      const members = await rig.claim(Array.from({ length: 6 }, (_, index) => run.member(0, index)));
      for (const member of members) await member.settle(succeeded(megabyte));
      const read: (Outcome | undefined)[] = [];
      const pages: number[] = [];
      while (read.length < 6) {
        const { outcomes: page } = await rig.store.members(partition, run.child(0), read.length, 10);
        pages.push(page.length);
        read.push(...page);
      }
      expect(pages).toEqual([4, 2]);
      expect(read).toEqual(Array.from({ length: 6 }, () => succeeded(megabyte)));
    });
  });
}
