import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  bundledIds,
  childId,
  isBundle,
  isTaskId,
  memberId,
  memberOf,
  newRootId,
  partitionOf,
  rootIdIn,
  rootOf,
} from '../../src/contract/ids.ts';

const root = newRootId(1_700_000_000_000, randomBytes(16));

describe('ids', () => {
  it('tell their tree, and follow from the parent and the operation', () => {
    const child = childId(root, 3);
    const grandchild = memberId(childId(child, 0), 12);
    expect([root, child, grandchild].map(rootOf)).toEqual([root, root, root]);
    expect(childId(root, 3)).toBe(child);
    expect(childId(root, 4)).not.toBe(child);
    expect([root, child, grandchild].every(isTaskId)).toBe(true);
  });

  it('of a bundle tell their group and number, as those of other roots do not', () => {
    const ids = bundledIds(1_700_000_000_000, randomBytes(16), 200);
    expect(ids.every(isTaskId)).toBe(true);
    expect(ids.map(rootOf)).toEqual(ids);
    expect(ids.map((id) => memberOf(id)?.index)).toEqual(ids.map((_, index) => String(index)));
    const [group = ''] = new Set(ids.map((id) => memberOf(id)?.group));
    expect(isBundle(group)).toBe(true);
    expect(ids.map((_, index) => memberId(group, index))).toEqual(ids);
    expect([...ids].sort()).toEqual(ids);
    expect(isTaskId(childId(ids[7] ?? '', 0))).toBe(true);
    for (let i = 0; i < 1_000; i++) expect(memberOf(newRootId(i, randomBytes(16)))).toBeUndefined();
  });

  it('sort by time', () => {
    const later = newRootId(1_700_000_000_001, new Uint8Array(16));
    expect(root < later).toBe(true);
  });

  it.each([
    '',
    't_',
    `${root}.`,
    `${root}.x`,
    `${root}:1`,
    `${root}\n`,
    `{${root}}`,
    root.toLowerCase(),
    `${root}.0`,
    `${root.slice(0, 24)}U12`,
    `${root.slice(0, 24)}U1A2`,
    `${root.slice(0, 23)}U1234`,
    `${root}.ABCDEFGHJKMN.01`,
  ])('refuses %j', (text) => expect(isTaskId(text)).toBe(false));

  it('keep a tree in one partition and spread trees evenly', () => {
    expect(partitionOf(childId(root, 1), 16)).toBe(partitionOf(root, 16));
    const counts = Array(16).fill(0) as number[];
    for (let i = 0; i < 16_000; i++) {
      const seed = new Uint8Array(16).map((_, at) => (i >> (at * 2)) & 31);
      counts[partitionOf(newRootId(i, seed), 16)] = (counts[partitionOf(newRootId(i, seed), 16)] as number) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(600);
    expect(Math.max(...counts)).toBeLessThan(1400);
  });

  it.each([1, 2, 7, 16])(
    'lie in the partition of %i that is asked for, and differ in their last character alone',
    (all) => {
      for (let i = 0; i < 200; i++) {
        const id = newRootId(i, randomBytes(16));
        const there = rootIdIn(id, i % all, all);
        if (there === undefined) continue; // another id must be drawn: seldom
        expect([isTaskId(there), partitionOf(there, all), there.slice(0, 27)]).toEqual([
          true,
          i % all,
          id.slice(0, 27),
        ]);
      }
      expect(rootIdIn(root, partitionOf(root, all), all)).toBe(root);
      const drawn = Array.from({ length: 100 }, () => rootIdIn(newRootId(0, randomBytes(16)), 0, all));
      expect(drawn.filter((id) => id !== undefined).length).toBeGreaterThan(50);
    },
  );
});
