import { describe, expect, vi } from 'vitest';
import type { SessionId, TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { ids, leaves, partition, type Rig } from './rig.ts';

/** What is too large for a direct claim is hinted. */
const large = { args: JSON.stringify('x'.repeat(16_384)) };

/** A worker that listens; `heard`: what it was told of directly. */
async function listening(rig: Rig, id: SessionId, options?: Parameters<Rig['worker']>[1]): Promise<TaskId[]> {
  await rig.worker(id, options);
  const heard: TaskId[] = [];
  await rig.store.listen(id, { news: () => undefined, hints: (_, hints) => void heard.push(...ids(hints)) });
  return heard;
}

/** Submits roots in one call, the id of each ending as told; answers what the caller is to hand out. */
async function submit(rig: Rig, ...endings: string[]): Promise<{ created: TaskId[]; left: TaskId[] }> {
  const roots = endings.map((ending) => {
    for (;;) {
      const root = rig.newRoot(large);
      if (root.id.endsWith(ending)) return root;
    }
  });
  const { hints } = await rig.store.submit(partition, roots);
  return { created: ids(roots), left: ids(hints) };
}

const told = (heard: TaskId[], expected: TaskId[]) => vi.waitFor(() => expect(heard).toEqual(expected));

export function directing(it: It): void {
  describe('Direct hints', () => {
    it('tell a worker with room of a new root, and not the caller', async (rig) => {
      const heard = await listening(rig, 'w1');
      const { created, left } = await submit(rig, '');
      expect(left).toEqual([]);
      await told(heard, created);
      expect((await rig.claimOne(created[0] ?? '')).claim.attempt).toBe(1);
    });

    it('keep the priority', async (rig) => {
      await rig.worker();
      const heard: unknown[] = [];
      await rig.store.listen('w1', { news: () => undefined, hints: (...what) => void heard.push(what) });
      const root = rig.newRoot({ ...large, options: '{"priority":7}' });
      await rig.store.submit(partition, [root]);
      await vi.waitFor(() => expect(heard).toEqual([[partition, [{ id: root.id, priority: 7 }]]]));
    });

    it('go to equals in turn', async (rig) => {
      const all = [await listening(rig, 'w1'), await listening(rig, 'w2')];
      const { created } = await submit(rig, '0', '1', '2', '3');
      await vi.waitFor(() => expect(all.flat().sort()).toEqual(created.toSorted()));
      expect(all.map((heard) => heard.length)).toEqual([2, 2]);
    });

    it('go to the worker with the larger share of free slots', async (rig) => {
      const [busy, free] = [await listening(rig, 'w1'), await listening(rig, 'w2')];
      await rig.claim([await rig.submit(large)], 'w1');
      const before = [busy.length, free.length];
      const { created } = await submit(rig, '0', '1');
      await vi.waitFor(() => expect(free.slice(before[1])).toEqual(created));
      expect(busy).toHaveLength(before[0] ?? 0);
    });

    it('do not count as busy what was suspended at the last beat', async (rig) => {
      await listening(rig, 'w1', { slots: 2 });
      for (const run of await rig.claim([await rig.submit(large), await rig.submit(large)])) await run.commit();
      const unknown = await submit(rig, '');
      expect(unknown.left).toEqual(unknown.created);
      await (await rig.claimOne(unknown.created[0] ?? '')).commit();
      await rig.store.beat({ session: 'w1', running: 0, suspended: 3, draining: false, stuck: false });
      expect((await submit(rig, '')).left).toEqual([]);
    });

    it('are for small calls: many roots at once are the caller’s to hand out', async (rig) => {
      const heard = await listening(rig, 'w1');
      const { created, left } = await submit(rig, '', '', '', '', '');
      expect(left).toEqual(created);
      expect(heard).toEqual([]);
    });

    it('end when half of the slots are in use', async (rig) => {
      const heard = await listening(rig, 'w1', { slots: 4 });
      const first = await submit(rig, '', '');
      await told(heard, first.created);
      expect((await submit(rig, '')).left).toHaveLength(1);
    });

    it('are of roots alone: members of a gather whose turn has come are the caller’s to hand out', async (rig) => {
      const heard = await listening(rig, 'w1', { slots: 3 });
      const run = await rig.started(large);
      await run.commit({ groups: [run.group(1, leaves(10))] });
      await rig.worker('w2', { slots: 3 });
      const { created, left } = await submit(rig, '');
      expect(left.length).toBeGreaterThan(0);
      const others = new Set([...left, ...heard]).difference(new Set([run.id, ...created]));
      expect([...others].every((id) => id.startsWith(`${run.child(1)}.`))).toBe(true);
      expect((await submit(rig, '')).created).toHaveLength(1);
    });

    const refused: [string, (rig: Rig) => Promise<unknown>][] = [
      ['does not listen', (rig) => rig.worker('w1')],
      [
        'does not know the coroutine',
        async (rig) => [await listening(rig, 'w1', { coroutines: ['leaf'] }), await rig.worker('w2')],
      ],
      [
        'takes no new tasks',
        async (rig) => [await listening(rig, 'w1'), await rig.worker('w2'), await beat(rig, { draining: true })],
      ],
      ['is held up by a coroutine', async (rig) => [await listening(rig, 'w1'), await beat(rig, { stuck: true })]],
      ['has not beaten for three seconds', async (rig) => [await listening(rig, 'w1'), await rig.live(3_000)]],
    ];
    for (const [who, prepare] of refused)
      it(`are not for a worker that ${who}`, async (rig) => {
        await prepare(rig);
        const { created, left } = await submit(rig, '');
        expect(left).toEqual(created);
      });

    it('D1 one that is lost is given back after 300 ms', async (rig) => {
      const heard = await listening(rig, 'w1');
      const { created } = await submit(rig, '');
      await told(heard, created);
      await rig.advance(299);
      expect((await rig.sweep()).hints).toEqual([]);
      await rig.advance(2);
      expect(ids((await rig.sweep()).hints)).toEqual(created);
    });

    it('D2 one that comes twice is claimed once', async (rig) => {
      await listening(rig, 'w1');
      await rig.worker('w2');
      const { created } = await submit(rig, '');
      const claims = [
        ...(await rig.claim(created, 'w1')),
        ...(await rig.claim(created, 'w2')),
        ...(await rig.claim(created, 'w1')),
      ];
      expect(claims).toHaveLength(1);
    });

    it('D1 do not pile up where they are not taken', async (rig) => {
      const heard = await listening(rig, 'w1');
      const first = await submit(rig, '');
      await rig.advance(50);
      const second = await submit(rig, '');
      expect(second.left).toEqual([]);
      await rig.advance(1);
      const third = await submit(rig, '');
      expect(third.left).toEqual(third.created);
      await rig.claim(third.created);
      expect((await submit(rig, '')).left).toHaveLength(1);
      await rig.claim(first.created);
      expect((await submit(rig, '')).left).toEqual([]);
      await vi.waitFor(() => expect(heard).toHaveLength(3));
      expect(heard.slice(0, 2)).toEqual([...first.created, ...second.created]);
    });

    it('are tried again after half a minute', async (rig) => {
      await listening(rig, 'w1');
      await rig.worker('w2', { coroutines: ['leaf'] });
      await submit(rig, '');
      await rig.live(30_000, 'w1');
      expect((await submit(rig, '')).left).toHaveLength(1);
      await rig.advance(1);
      expect((await submit(rig, '')).left).toEqual([]);
    });
  });
}

const beat = (rig: Rig, state: { draining?: boolean; stuck?: boolean }) =>
  rig.store.beat({ session: 'w1', running: 0, suspended: 0, draining: false, stuck: false, ...state });
