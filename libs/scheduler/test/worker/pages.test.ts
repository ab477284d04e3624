/** Members of large gathers go to the store, and their outcomes come back, in pages: some of them under way at once. */
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/contract/exceptions.ts';
import type { GroupMember, NewGroup, Store, Turn } from '../../src/contract/store.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { readMembers } from '../../src/worker/members.ts';
import { stageMembers } from '../../src/worker/stage.ts';

const clock = () => new VirtualClock({ autojump: true });

function turnOf(count: number, args = '{}'): Turn {
  const members: GroupMember[] = Array.from({ length: count }, () => ({ coroutine: 'f', args, options: '{}' }));
  const group: NewGroup = { id: 'g', op: 0, members, returnExceptions: false, limit: 0 };
  return { groups: [group], token: '1:s:1' } as unknown as Turn;
}

/** Takes a chunk after the one before, as the port says. */
function staging(trouble: (call: number) => 'away' | 'refused' | undefined = () => undefined) {
  const calls: number[] = [];
  let underWay = 0;
  const seen = { calls, staged: 0, atOnce: 0 };
  const stage: Store['stage'] = async (_partition, _group, _token, from, members) => {
    const what = trouble(calls.push(from));
    seen.atOnce = Math.max(seen.atOnce, ++underWay);
    await new Promise(setImmediate);
    underWay -= 1;
    if (what === 'away') throw new StoreUnavailableError('away');
    if (from === 0) seen.staged = 0;
    if (what === 'refused' || seen.staged < from) return false;
    seen.staged = Math.max(seen.staged, from + members.length);
    return true;
  };
  return { seen, store: { stage } as Store };
}

describe('stage', () => {
  it('leaves a small gather as it is', async () => {
    const { seen, store } = staging();
    const turn = turnOf(1000);
    expect(await stageMembers(store, clock(), 0, turn)).toEqual(turn);
    expect(seen.calls).toEqual([]);
  });

  it('sends all chunks but the last ahead, a few at once', async () => {
    const { seen, store } = staging();
    const turn = await stageMembers(store, clock(), 0, turnOf(6500));
    expect(seen).toEqual({ calls: [0, 1000, 2000, 3000, 4000, 5000], staged: 6000, atOnce: 4 });
    expect(turn?.groups[0]).toMatchObject({ staged: 6000, members: { length: 500 } });
  });

  it('looks at members as their chunk goes out', async () => {
    const [group] = turnOf(6500).groups as [NewGroup];
    let looked = 0;
    function* members(): Generator<GroupMember> {
      for (const member of group.members) {
        looked += 1;
        yield member;
      }
    }
    const ahead: number[] = [];
    const stage: Store['stage'] = async (_partition, _group, _token, from) => {
      ahead.push(looked - from);
      return true;
    };
    const turn = { ...turnOf(0), groups: [{ ...group, members: members() }] };
    await stageMembers({ stage } as Store, clock(), 0, turn);
    expect(ahead).toEqual(Array(6).fill(1001)); // its own, and the one that did not fit
  });

  it('fills chunks with about 4 MiB, and sends no more than that at once', async () => {
    const { seen, store } = staging();
    await stageMembers(store, clock(), 0, turnOf(10, 'x'.repeat(1_500_000)));
    expect(seen).toMatchObject({ calls: [0, 2, 4, 6], atOnce: 1 });
    const { seen: smaller, store: another } = staging();
    await stageMembers(another, clock(), 0, turnOf(6500, 'x'.repeat(2000)));
    expect(smaller).toMatchObject({ calls: [0, 1000, 2000, 3000, 4000, 5000], atOnce: 2 });
  });

  it('begins anew, one after the other, when a call has failed', async () => {
    const { seen, store } = staging((call) => (call === 2 ? 'away' : undefined));
    const turn = await stageMembers(store, clock(), 0, turnOf(4500));
    expect(seen).toMatchObject({ calls: [0, 1000, 2000, 3000, 0, 1000, 2000, 3000], staged: 4000 });
    expect(turn?.groups[0]).toMatchObject({ staged: 4000 });
  });

  it('tells when the store has lost what it had', async () => {
    const { store } = staging((call) => (call > 2 ? 'refused' : undefined));
    expect(await stageMembers(store, clock(), 0, turnOf(4500))).toBeUndefined();
  });

  it('passes any other error on', async () => {
    const stage = async (): Promise<boolean> => Promise.reject(new Error('full'));
    await expect(stageMembers({ stage } as unknown as Store, clock(), 0, turnOf(2500))).rejects.toThrow('full');
  });
});

describe('members', () => {
  function reading(size: number, most: (from: number) => number) {
    const calls: number[] = [];
    const members: Store['members'] = async (_partition, _group, from, count) => {
      calls.push(from);
      const length = Math.max(0, Math.min(count, most(from), size - from));
      const outcomes = Array.from({ length }, (_, i) => ({ state: 'succeeded' as const, payload: String(from + i) }));
      return { outcomes, size, openMs: 0, decidedMs: 0 };
    };
    return { calls, store: { members } as Store };
  }

  it.each([
    ['pages of their full size', () => 1000, [0, 1000, 2000, 3000, 4000, 5000, 6000]],
    ['pages that large results have filled', (from: number) => (from === 1000 ? 300 : 1000), undefined],
  ])('come in order: %s', async (_, most, expected) => {
    const { calls, store } = reading(6500, most);
    const { results } = await readMembers(store, clock(), 0, 'g', undefined);
    expect(results).toEqual(Array.from({ length: 6500 }, (_, i) => i));
    if (expected !== undefined) expect(calls).toEqual(expected);
  });

  it('are decoded page by page, before more are asked for', async () => {
    const { calls, store } = reading(6500, () => 1000);
    const members: Store['members'] = async (partition, group, from, count) => {
      const page = await store.members(partition, group, from, count);
      if (from === 1000) page.outcomes[0] = { state: 'succeeded', payload: 'no JSON' };
      return page;
    };
    await expect(readMembers({ members } as Store, clock(), 0, 'g', undefined)).rejects.toThrow(SyntaxError);
    expect(calls).toEqual([0, 1000, 2000, 3000, 4000]);
  });

  it('fail when one has not ended', async () => {
    const members: Store['members'] = async () => ({ outcomes: [undefined], size: 1, openMs: 0, decidedMs: 0 });
    const read = readMembers({ members } as Store, clock(), 0, 'g', undefined);
    await expect(read).rejects.toThrow('a gather was decided before its members ended');
  });

  it('end where the store has no more', async () => {
    const { store } = reading(3000, (from) => (from >= 2000 ? 0 : 1000));
    expect((await readMembers(store, clock(), 0, 'g', undefined)).results).toHaveLength(2000);
  });
});
