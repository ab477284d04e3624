/** What a coroutine may ask for without leaving replay: time, chance, identity; and what its children inherit. */
import { describe, expect, it } from 'vitest';
import { coroutine, type Loop } from '../../src/index.ts';
import { memoryCluster } from '../../src/testing/index.ts';

describe('now, random and uuid', () => {
  it('are recorded: every replay sees the same', async () => {
    const seen: unknown[] = [];
    const root = coroutine('root', async (loop: Loop) => {
      const values = [loop.now(), loop.random(), loop.uuid()];
      seen.push(values);
      await loop.sleep(10);
      await loop.sleep(10);
      return values;
    });
    await using cluster = await memoryCluster({ coroutines: [root], alwaysReplay: true });
    const { result } = await cluster.run(root());
    expect(seen.length).toBeGreaterThan(1);
    for (const values of seen) expect(values).toEqual(result);
    const [now, random, uuid] = result as [number, number, string];
    expect(now).toBe(Date.UTC(2026, 0, 1));
    expect(random).toBeGreaterThanOrEqual(0);
    expect(random).toBeLessThan(1);
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('context', () => {
  it('is inherited as it was when the child was made, and nothing goes back up', async () => {
    const child = coroutine('child', async (loop: Loop) => {
      const seen = loop.context.get('user');
      loop.context.set('user', 'changed by a child');
      return seen;
    });
    const root = coroutine('root', async (loop: Loop) => {
      const before = loop.createTask(child());
      loop.context.set('user', { id: 7 });
      const after = await loop.gather([child(), child()]);
      return [await before, after, loop.context.get('user')];
    });
    await using cluster = await memoryCluster({ coroutines: [root, child] });
    expect((await cluster.run(root())).result).toEqual([null, [{ id: 7 }, { id: 7 }], { id: 7 }]);
  });
});

describe('allTasks', () => {
  it('has the tasks of this coroutine that are not done', async () => {
    const nap = coroutine('nap', async (loop, { ms }: { ms: number }) => loop.sleep(ms));
    const root = coroutine('root', async (loop: Loop) => {
      const short = loop.createTask(nap({ ms: 10 }), { name: 'short' });
      loop.createTask(nap({ ms: 1000 }), { name: 'long' });
      const before = loop.allTasks().map((task) => task.name);
      await short;
      return [before, loop.allTasks().map((task) => task.name)];
    });
    await using cluster = await memoryCluster({ coroutines: [root, nap] });
    expect((await cluster.run(root())).result).toEqual([['short', 'long'], ['long']]);
  });
});
