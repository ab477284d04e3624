import { describe, expect } from 'vitest';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { leaves, partition, succeeded } from './rig.ts';

export function views(it: It): void {
  describe('Views', () => {
    it('know nothing of unknown tasks', async (rig) => {
      const id = rig.newRoot().id;
      const known = await rig.submit();
      const records = await rig.store.records([id, known, `${known}.ABCDEFGHJKMN`, `${known}.ABCDEFGHJKMN.0`]);
      expect(records.map((record) => record?.id)).toEqual([undefined, known, undefined, undefined]);
      expect(await rig.store.children(id, 0, 10)).toEqual({ ids: [], total: 0 });
      expect(await rig.store.logs(id)).toEqual([]);
    });

    it('list roots, the greatest id first, page by page', async (rig) => {
      const submitted: TaskId[] = [];
      for (let i = 0; i < 7; i++) submitted.push(await rig.submit());
      const listed: TaskId[] = [];
      for (let pages = 0; pages < 4; pages++)
        listed.push(...(await rig.store.roots({ before: listed.at(-1), count: 2 })));
      expect(listed).toEqual(submitted.sort().reverse());
      expect(await rig.store.roots({ before: listed.at(-1), count: 2 })).toEqual([]);
    });

    it('list roots only', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)], groups: [run.group(2, leaves(2))] });
      expect(await rig.store.roots({ before: undefined, count: 10 })).toEqual([run.id]);
    });

    it('list children in the order of creation, members of groups included', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(9)], groups: [run.group(5, leaves(3), { limit: 1 })] });
      await run.commit({ spawns: [run.spawn(1)] });
      const all = [run.child(9), run.member(5, 0), run.member(5, 1), run.member(5, 2), run.child(1)];
      expect(await rig.store.children(run.id, 0, 10)).toEqual({ ids: all, total: 5 });
      expect(await rig.store.children(run.id, 1, 3)).toEqual({ ids: all.slice(1, 4), total: 5 });
      expect(await rig.store.children(run.id, 5, 3)).toEqual({ ids: [], total: 5 });
      expect((await rig.store.records(all)).map((record) => record?.state)).toEqual(Array(5).fill('pending'));
    });

    it('show a part of the log of one task', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ spawns: [run.spawn(1)], logs: ['1', '2', '3'] });
      await (await rig.claimOne(run.child(1))).settle(undefined, { logs: ['"below"'] });
      expect(await rig.store.entries(run.id, 0, 2)).toEqual(['1', '2']);
      expect(await rig.store.entries(run.id, 2, 2)).toEqual(['3']);
      expect(await rig.store.entries(run.id, 3, 2)).toEqual([]);
      expect(await rig.store.entries(rig.newRoot().id, 0, 2)).toEqual([]);
    });

    it('show logs of a task and of everything below it, of those that logged', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ spawns: [root.spawn(1), root.spawn(2)], groups: [root.group(3, leaves(2))] });
      const [silent, child] = await rig.claim([root.child(1), root.child(2)]);
      const [first, second] = await rig.claim([root.member(3, 0), root.member(3, 1)]);
      await second?.settle(undefined, { logs: ['"second"'] });
      await first?.settle(undefined, { logs: ['"first"'] });
      await child?.commit({ logs: ['"child"'], spawns: [child.spawn(1)] });
      await silent?.settle();
      const grandchild = await rig.claimOne(child?.child(1) ?? '');
      await grandchild.settle(undefined, { logs: ['"grandchild"'] });
      const below = [
        { task: child?.id, entries: ['"child"'] },
        { task: grandchild.id, entries: ['"grandchild"'] },
      ];
      expect(await rig.store.logs(child?.id ?? '')).toEqual(below);
      const all = await rig.store.logs(root.id);
      expect(all).toHaveLength(4);
      expect(all.filter(({ task }) => task.startsWith(root.child(3))).map(({ entries }) => entries)).toEqual([
        ['"first"'],
        ['"second"'],
      ]);
      expect(await rig.store.logs(root.member(3, 1))).toEqual([{ task: root.member(3, 1), entries: ['"second"'] }]);
    });

    it('show logs of siblings in the order of creation, also of a member that started late', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await run.commit({ groups: [run.group(1, leaves(2), { limit: 1 })] });
      await run.commit({ spawns: [run.spawn(2)] });
      const order = [run.member(1, 0), run.member(1, 1), run.child(2)];
      for (const id of order) await (await rig.claimOne(id)).settle(undefined, { logs: ['1'] });
      expect((await rig.store.logs(run.id)).map(({ task }) => task)).toEqual(order);
    });

    it('show the workers as they were told', async (rig) => {
      await rig.worker('w1', { slots: 4, coroutines: ['main'] });
      await rig.worker('w2');
      await rig.store.beat({ session: 'w1', running: 2, suspended: 5, draining: false, stuck: true });
      await rig.store.beat({ session: 'w2', running: 0, suspended: 0, draining: true, stuck: false });
      const workers = (await rig.store.workers()).sort((a, b) => (a.id < b.id ? -1 : 1));
      const told = { host: 'host', pid: 7, version: '1.2.3' };
      expect(workers).toEqual([
        { ...told, id: 'w1', state: 'up', slots: 4, running: 2, suspended: 5, coroutines: ['main'], stuck: true },
        { ...told, id: 'w2', state: 'draining', slots: 100, running: 0, suspended: 0, coroutines: ['leaf', 'main'] },
      ]);
    });

    it('show each coroutine with its schema, its versions and how many workers have it', async (rig) => {
      const session = { host: 'host', pid: 7, version: '1', slots: 1 };
      const argsSchema = { type: 'object', required: [] };
      await rig.store.register({
        ...session,
        id: 'w1',
        coroutines: [
          { name: 'main', version: 'v1', argsSchema },
          { name: 'a', version: 'v1' },
        ],
      });
      await rig.store.register({ ...session, id: 'w2', coroutines: [{ name: 'main', version: 'v2', argsSchema }] });
      const coroutines = await rig.store.coroutines();
      expect(coroutines.map((view) => ({ ...view, versions: [...view.versions].sort() }))).toEqual([
        { name: 'a', versions: ['v1'], workers: 1 },
        { name: 'main', versions: ['v1', 'v2'], workers: 2, argsSchema },
      ]);
      await rig.store.release(partition, 'w2');
      await rig.store.release(partition, 'w1');
    });

    it('show what a task has recorded, page by page', async (rig) => {
      await rig.worker();
      const run = await rig.started({ args: '[1]' });
      const steps = [0, 1, 2].map((op) => ({ kind: 'step' as const, op, outcome: succeeded(op) }));
      for (const event of steps) await run.commit({ history: `entry ${event.op}`, events: [event] });
      await run.settle();
      const { store } = rig;
      expect(await store.origin(run.id)).toEqual({ args: '[1]', firstOp: 0 });
      expect(await store.history(run.id, 1, 5)).toEqual(['entry 1', 'entry 2']);
      expect(await store.inbox(run.id, 0, 2)).toEqual(steps.slice(0, 2));
      expect(await store.inbox(run.id, 3, 2)).toEqual([]);
      expect(await store.origin(run.child(7))).toBeUndefined();
    });

    it('say that the store is well', async (rig) => {
      expect(await rig.store.health()).toMatchObject({ ok: true, reasons: [] });
    });
  });
}
