import { describe, expect } from 'vitest';
import type { It } from '../store-conformance.ts';
import { partition, type Rig, type Run } from './rig.ts';

/** Claims the tasks for a worker that dies at once; those that it got. */
async function crash(rig: Rig, tasks: readonly string[], name: string): Promise<string[]> {
  await rig.worker(name);
  const runs = await rig.claim(tasks, name);
  await rig.live(6_000, 'w0');
  return runs.map(({ id }) => id);
}

async function start(rig: Rig, count: number): Promise<Run[]> {
  await rig.worker('w0');
  const roots = Array.from({ length: count }, () => rig.newRoot());
  await rig.store.submit(partition, roots);
  return await rig.claim(
    roots.map(({ id }) => id),
    'w0',
  );
}

export function crashing(it: It): void {
  describe('A task whose worker died', () => {
    it('three times in a row while it ran fails with WorkerCrashed', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      for (const name of ['w1', 'w2']) expect(await crash(rig, [id], name)).toEqual([id]);
      expect(await rig.record(id)).toMatchObject({ state: 'pending', attempt: 2 });
      await crash(rig, [id], 'w3');
      const { state, outcome } = await rig.record(id);
      expect(state).toBe('failed');
      expect(JSON.parse(outcome?.payload ?? '')).toEqual({
        type: 'WorkerCrashed',
        message: '3 workers in a row have died while they ran this task, the last was w3: see what its log ends with',
      });
    });

    it('is not to blame where most workers died without it, until the tenth time', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      for (let times = 1; times <= 10; times++) {
        expect(await rig.record(id)).toMatchObject({ state: 'pending' });
        for (const other of ['x', 'y']) await rig.worker(`${other}${times}`);
        await crash(rig, [id], `w${times}`);
      }
      expect(await rig.record(id)).toMatchObject({ state: 'failed' });
    });

    it('is not to blame where another worker died each time before', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      for (const times of [1, 2, 3, 4]) {
        await crash(rig, [id], `w${times}`);
        await crash(rig, [], `x${times}`);
      }
      expect(await rig.record(id)).toMatchObject({ state: 'pending', attempt: 4 });
    });

    it('is to blame also where others like it have killed theirs', async (rig) => {
      const all = (await start(rig, 4)).map(({ id }) => id);
      await rig.store.release(partition, 'w0', all);
      for (const name of ['w1', 'w2']) await crash(rig, all, name);
      for (const name of ['w3', 'w4', 'w5', 'w6']) expect((await crash(rig, all, name)).length).toBe(1);
      const records = await Promise.all(all.map((id) => rig.record(id)));
      expect(records.map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(all.map(() => 'failed 3'));
    });

    it('while it was suspended is not to blame', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      for (let times = 0; times < 5; times++) {
        await rig.worker(`w${times + 1}`);
        const run = await rig.claimOne(id, `w${times + 1}`);
        await run.commit({ suspended: true });
        await rig.live(6_000, 'w0');
      }
      expect(await rig.record(id)).toMatchObject({ state: 'pending' });
    });

    it('is not to blame any more when it got on since', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      for (let times = 0; times < 5; times++) {
        await rig.worker(`w${times + 1}`);
        const run = await rig.claimOne(id, `w${times + 1}`);
        await run.commit({ history: `turn ${times}`, suspended: false });
        await rig.live(6_000, 'w0');
      }
      expect(await rig.record(id)).toMatchObject({ state: 'pending' });
    });

    it('runs without another suspect after two crashes, so that it takes none along', async (rig) => {
      const all = (await start(rig, 3)).map(({ id }) => id);
      await rig.store.release(partition, 'w0', all);
      expect((await crash(rig, all, 'w1')).length).toBe(3);
      expect((await crash(rig, all, 'w2')).length).toBe(3);
      const alone = await crash(rig, all, 'w3');
      expect(alone.length).toBe(1);
      const records = await Promise.all(all.map((id) => rig.record(id)));
      expect(records.map(({ state }) => state).sort()).toEqual(['failed', 'pending', 'pending']);
      const innocent = all.filter((id) => id !== alone[0]);
      await rig.worker('w4');
      const [first] = await rig.claim(innocent, 'w4');
      expect(await first?.settle()).toBe('settled');
      const [second] = await rig.claim(innocent, 'w4');
      expect(await second?.settle()).toBe('settled');
    });

    it('with children is failed when its tree has ended', async (rig) => {
      const [{ id }] = (await start(rig, 1)) as [Run];
      await rig.store.release(partition, 'w0', [id]);
      await rig.worker('w1');
      const parent = await rig.claimOne(id, 'w1');
      await parent.commit({ spawns: [parent.spawn(1)], suspended: false });
      await rig.claimOne(parent.child(1), 'w0');
      await rig.live(6_000, 'w0');
      for (const name of ['w2', 'w3']) await crash(rig, [id], name);
      expect(await rig.record(id)).toMatchObject({ state: 'running', outcome: undefined });
    });
  });
}
