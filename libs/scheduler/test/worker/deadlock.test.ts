/** Tasks that wait for each other are told so; those that only seem to are left alone. */
import { describe, expect, it } from 'vitest';
import { coroutine, DeadlockError, type Loop, type TaskId } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

interface Waits {
  also?: number;
  how?: 'all' | 'first' | 'timeout';
}

const naps = coroutine('naps', async (loop: Loop, { ms }: { ms: number }) => loop.sleep(ms, 'slept'));
const above = coroutine('above', async (loop: Loop, { how }: { how: string }) => {
  const own = loop.currentTask().id;
  if (how === 'gather') return await loop.gather([below({ id: own }), naps({ ms: 50 })]);
  if (how === 'group')
    return await loop.taskGroup(async (group) => {
      group.createTask(below({ id: own }));
      group.createTask(naps({ ms: 2_500 }));
    });
  return await loop.createTask(below({ id: own }));
});
const below = coroutine('below', async (loop: Loop, { id }: { id: TaskId }) => {
  try {
    return await loop.task(id);
  } catch (error) {
    return [error instanceof DeadlockError, (error as Error).message];
  }
});
const itself = coroutine('itself', async (loop: Loop) => loop.task(loop.currentTask().id));
/** A root whose two children wait for each other by their ids. */
const pair = coroutine('pair', async (loop: Loop, args: Waits) => {
  const first = loop.createTask(partnered({ ...args, key: 'a' }));
  const second = loop.createTask(partnered({ ...args, key: 'b', partner: first.id }));
  const { done } = await loop.wait([first, second]);
  return done.map((task) => (task.exception() as Error | undefined)?.name ?? task.result());
});
const partnered = coroutine(
  'partnered',
  async (loop: Loop, { partner, also, how }: Waits & { key: string; partner?: TaskId }) => {
    const other = partner ?? (await loop.createTask(siblingOf({ id: loop.currentTask().id })));
    const task = loop.task<string>(other);
    if (also !== undefined) {
      const returnWhen = how === 'first' ? ('FIRST_COMPLETED' as const) : ('ALL_COMPLETED' as const);
      const timeout = how === 'timeout' ? also : null;
      const tasks = how === 'timeout' ? [task] : [task, loop.createTask(naps({ ms: also }))];
      await loop.wait(tasks, { returnWhen, timeout });
      return 'free';
    }
    return await task;
  },
);
/** The second child of the same root: a step may look at the cluster. */
let clusterOf: MemoryCluster | undefined;
const siblingOf = coroutine('siblingOf', async (loop: Loop, { id }: { id: TaskId }) =>
  loop.step('look', async () => {
    const tree = await clusterOf?.client.tree(id.slice(0, 28));
    return tree?.nodes.find((node) => node.id !== id)?.id ?? '';
  }),
);
const coroutines = [naps, above, below, itself, pair, partnered, siblingOf];

for (const alwaysReplay of [false, true])
  describe(`tasks that wait for each other, alwaysReplay ${alwaysReplay}`, () => {
    async function end(name: string, args: unknown) {
      await using cluster = await memoryCluster({ coroutines, alwaysReplay });
      clusterOf = cluster;
      const began = cluster.clock.now();
      const { id } = await cluster.client.submit(name, args);
      const view = await cluster.client.wait(id, 60_000);
      return { id, view, ms: cluster.clock.now() - began };
    }

    it('fail within seconds, both, for one awaits the other', async () => {
      const { view, ms } = await end('pair', {});
      expect(view).toMatchObject({ state: 'succeeded', result: ['DeadlockError', 'DeadlockError'] });
      expect(ms).toBeLessThan(5_000);
    });

    for (const how of ['task', 'gather', 'group'])
      it(`a child that awaits its parent, which awaits it by ${how}`, async () => {
        const { id, view, ms } = await end('above', { how });
        expect(ms).toBeLessThan(9_000);
        expect(view?.state).toBe('succeeded');
        if (how === 'group') return;
        const result = how === 'gather' ? (view?.result as unknown[] | undefined)?.[0] : view?.result;
        const [told, message] = result as [boolean, string];
        expect(told).toBe(true);
        expect(message).toMatch(/^tasks wait for each other: below \(t_\S+\) -> above \(t_\S+\) -> below \(t_\S+\)$/);
        expect(message).toContain(`above (${id})`);
      });

    it('one that awaits itself', async () => {
      const { id, view } = await end('itself', undefined);
      expect(view?.error).toMatchObject({
        type: 'DeadlockError',
        message: `tasks wait for each other: itself (${id}) -> itself (${id})`,
      });
    });

    it.each([
      ['a timeout', { also: 20_000, how: 'timeout' }],
      ['another task that may come first', { also: 20_000, how: 'first' }],
    ])('is no deadlock where there is %s', async (_, args) => {
      const { view, ms } = await end('pair', args);
      expect(view?.result).toEqual(['free', 'free']);
      expect(ms).toBeGreaterThanOrEqual(20_000);
    });
  });
