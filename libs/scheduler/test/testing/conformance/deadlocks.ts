import { describe, expect } from 'vitest';
import type { TaskId } from '../../../src/contract/task.ts';
import type { It } from '../store-conformance.ts';
import { cancelled, leaves, type Rig, type Run, succeeded } from './rig.ts';

/** Waits by id, and for nothing else. */
const awaits = (run: Run, id: TaskId, waits: readonly TaskId[] | undefined = [id], suspended = true) =>
  run.commit({ subscriptions: [{ op: 7, id }], waits, suspended });

async function look(rig: Rig): Promise<void> {
  await rig.advance(2_500);
  await rig.beat('w1');
  await rig.sweep();
}

const deadlock = (...circle: Run[]) => {
  const names = circle.map(({ id, claim }) => `${claim.coroutine} (${id})`).join(' -> ');
  const payload = JSON.stringify({ type: 'DeadlockError', message: `tasks wait for each other: ${names}` });
  return { kind: 'settled', op: 7, outcome: { state: 'failed', payload } };
};

async function two(rig: Rig): Promise<[old: Run, young: Run]> {
  await rig.worker();
  const old = await rig.started();
  await rig.advance(10);
  return [old, await rig.started()];
}

export function deadlocks(it: It): void {
  describe('Deadlock', () => {
    it('the youngest in the circle hears of it, once, whoever has closed it', async (rig) => {
      const [old, young] = await two(rig);
      await awaits(young, old.id);
      await look(rig);
      expect(await young.receive()).toEqual([]);
      await awaits(old, young.id);
      await look(rig);
      expect(await young.receive()).toEqual([deadlock(young, old, young)]);
      await look(rig);
      expect([await young.receive(), await old.receive()]).toEqual([[], []]);
      await young.settle(cancelled());
      expect(await old.receive()).toMatchObject([{ kind: 'settled', op: 7, outcome: { state: 'cancelled' } }]);
    });

    it('goes through gathers and children: who waits by id hears of it', async (rig) => {
      await rig.worker();
      const root = await rig.started();
      await root.commit({ groups: [root.group(1, leaves(3))], waits: [root.child(1)] });
      const [first, second, third] = await rig.claim([0, 1, 2].map((index) => root.member(1, index)));
      if (first === undefined || second === undefined || third === undefined) throw new Error('three members run');
      await awaits(third, root.id);
      await look(rig);
      expect(await third.receive()).toEqual([]);
      await first.settle();
      await second.commit({ spawns: [second.spawn(1)], waits: [second.child(1)] });
      const child = await rig.claimOne(second.child(1));
      await awaits(child, third.id);
      await look(rig);
      const told = [...((await third.receive()) as unknown[]), ...((await child.receive()) as unknown[])];
      expect(told).toHaveLength(1);
      expect(JSON.stringify(told)).toContain('DeadlockError');
      expect(await root.receive()).toEqual([]);
    });

    it('of one that awaits itself', async (rig) => {
      await rig.worker();
      const run = await rig.started();
      await awaits(run, run.id);
      await look(rig);
      expect(await run.receive()).toEqual([deadlock(run, run)]);
    });

    it('is none while anything else can move one of them', async (rig) => {
      const [old, young] = await two(rig);
      await awaits(young, old.id);
      await awaits(old, young.id, []);
      await look(rig);
      const running = await two(rig);
      await awaits(running[0], running[1].id);
      await awaits(running[1], running[0].id, [running[0].id], false);
      await look(rig);
      const other = await two(rig);
      const [third] = await two(rig);
      await awaits(other[0], other[1].id);
      await awaits(other[1], other[0].id, [other[0].id, third.id]);
      await look(rig);
      const waiting = await two(rig);
      await awaits(waiting[0], waiting[1].id);
      await awaits(waiting[1], waiting[0].id);
      await rig.cancel(waiting[0].id);
      await look(rig);
      for (const run of [old, young, ...running, ...other, waiting[1]]) expect(await run.receive()).toEqual([]);
    });

    it('ends when one of them does after all', async (rig) => {
      const [old, young] = await two(rig);
      await awaits(young, old.id);
      await awaits(old, young.id);
      await old.settle(succeeded('after all'));
      await look(rig);
      expect(await young.receive()).toEqual([{ kind: 'settled', op: 7, outcome: succeeded('after all') }]);
    });
  });
}
