import { describe, expect, it } from 'vitest';
import { coroutine, LookupError, type Loop, StoreUnavailableError, type TaskUpdate } from '../../src/index.ts';
import { type MemoryCluster, memoryCluster } from '../../src/testing/index.ts';

const talks = coroutine('talks', async (loop: Loop, { lines }: { lines: number }) => {
  for (let line = 0; line < lines; line++) {
    loop.log(line);
    loop.progress({ line });
    await loop.sleep(10_000);
  }
  return 'said';
});
const chatters = coroutine('chatters', async (loop: Loop) => {
  for (let line = 0; line < 1_000; line++) loop.log(line);
  await loop.sleep(1_000);
});
const coroutines = [talks, chatters];

async function read(updates: AsyncIterable<TaskUpdate>, atMost = Number.POSITIVE_INFINITY): Promise<TaskUpdate[]> {
  const seen: TaskUpdate[] = [];
  for await (const update of updates) if (seen.push(update) === atMost) break;
  return seen;
}

const submit = async ({ client }: MemoryCluster, name: string, args: unknown): Promise<string> =>
  (await client.submit(name, args)).id;

const said = (updates: TaskUpdate[]) => updates.flatMap((update) => (update.kind === 'log' ? [update.entry] : []));

describe('events of a task', () => {
  it('tell states, log and progress, and end with the task', async () => {
    await using cluster = await memoryCluster({ coroutines });
    const updates = await read(cluster.client.events(await submit(cluster, 'talks', { lines: 2 })));
    // By its submit, as a worker holds nothing.
    expect(updates[0]).toMatchObject({ kind: 'state', task: { state: 'running' } });
    expect(updates).toContainEqual(
      expect.objectContaining({ kind: 'state', task: expect.objectContaining({ state: 'suspended' }) }),
    );
    expect(said(updates)).toEqual([0, 1]);
    const progress = updates.flatMap((update) => (update.kind === 'progress' ? [update.progress] : []));
    expect(progress).toEqual([{ line: 0 }, { line: 1 }]);
    expect(updates.at(-1)).toMatchObject({ kind: 'end', task: { state: 'succeeded', result: 'said' } });
    expect(updates.filter(({ kind }) => kind === 'end')).toHaveLength(1);
  });

  it('go on after any of them where they were left, each log entry once', async () => {
    await using cluster = await memoryCluster({ coroutines });
    const id = await submit(cluster, 'chatters', {});
    const all = await read(cluster.client.events(id));
    expect(said(all)).toEqual(Array.from({ length: 1_000 }, (_, line) => line));
    for (const place of [0, 1, 500, all.length - 2]) {
      const after = all[place]?.id ?? '';
      const rest = await read(cluster.client.events(id, { after }));
      expect([...said(all.slice(0, place + 1)), ...said(rest)]).toEqual(said(all));
      expect(rest.at(-1)?.kind).toBe('end');
    }
    expect(await read(cluster.client.events(id, { after: all.at(-1)?.id ?? '' }))).toEqual([]);
  });

  it('need no news: what is lost costs two seconds', async () => {
    await using cluster = await memoryCluster({ coroutines, store: { carry: () => undefined } });
    const updates = await read(cluster.client.events(await submit(cluster, 'talks', { lines: 3 })));
    expect(said(updates)).toEqual([0, 1, 2]);
    expect(updates.at(-1)?.kind).toBe('end');
    const end = updates.at(-1) as TaskUpdate & { kind: 'end' };
    expect(cluster.clock.now() - Date.parse(end.task.finishedAt ?? '')).toBeLessThan(2_200);
  });

  it('wait for a store that goes away', async () => {
    let away = false;
    await using cluster = await memoryCluster({
      coroutines,
      store: {
        around: async (method, call) => {
          if (away && (method === 'records' || method === 'entries')) throw new StoreUnavailableError('away');
          return call();
        },
      },
    });
    const id = await submit(cluster, 'talks', { lines: 2 });
    cluster.clock.setTimer(5_000, () => {
      away = true;
    });
    cluster.clock.setTimer(60_000, () => {
      away = false;
    });
    expect(said(await read(cluster.client.events(id)))).toEqual([0, 1]);
  });

  it('end when they are aborted, and when nobody reads on', async () => {
    await using cluster = await memoryCluster({ coroutines });
    const id = await submit(cluster, 'talks', { lines: 1_000 });
    const controller = new AbortController();
    cluster.clock.setTimer(30_000, () => controller.abort());
    expect((await read(cluster.client.events(id, { signal: controller.signal }))).at(-1)?.kind).not.toBe('end');
    expect(await read(cluster.client.events(id), 2)).toHaveLength(2);
    expect(await read(cluster.client.events(id, { signal: AbortSignal.abort() }))).toEqual([]);
  });

  it('refuse what is no task, and what is no place in them', async () => {
    await using cluster = await memoryCluster({ coroutines, workers: 0 });
    const id = await submit(cluster, 'talks', { lines: 1 });
    for (const unknown of ['', 't_1', `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`])
      await expect(read(cluster.client.events(unknown))).rejects.toThrow(LookupError);
    for (const after of ['', 'x', '1-2', '-running-', '1-running-123456789'])
      await expect(read(cluster.client.events(id, { after }))).rejects.toThrow(RangeError);
  });
});
