/** What tests may do to the memory store that Redis does on its own: be late, lose an answer, send twice. */
import { describe, expect, test } from 'vitest';
import { MemoryStore, type MemoryStoreOptions, VirtualClock } from '../../src/testing/index.ts';
import { day, ids, partition, Rig } from './conformance/rig.ts';

function rigOf(options: Omit<MemoryStoreOptions, 'clock'>) {
  const clock = new VirtualClock();
  const store = new MemoryStore({ ...options, clock });
  const kept = async () => store.kept();
  const rig = new Rig({ store, advance: (ms) => clock.advance(ms), kept, close: () => store.close() });
  return { clock, store, rig };
}

describe('around', () => {
  test('may let a call happen later', async () => {
    const clock = new VirtualClock();
    const around = async <T>(method: string, call: () => T): Promise<T> => {
      if (method === 'submit') await new Promise<void>((resolve) => clock.setTimer(100, resolve));
      return call();
    };
    const store = new MemoryStore({ clock, around });
    const root = { id: 't_01KDVDNA00K9BXBGGWGHAEX20J', coroutine: 'main', args: '{}', options: '{}', resultTtlMs: day };
    const submitted = store.submit(partition, [root]);
    await clock.advance(99);
    expect(await store.records([root.id])).toEqual([undefined]);
    await clock.advance(1);
    expect(await submitted).toMatchObject({ existing: [undefined], hints: [] });
  });

  test('may lose the answer, and send again', async () => {
    let lost = 0;
    const { rig } = rigOf({
      around: async (method, call) => {
        if (method === 'settle' && lost++ === 0) call();
        return call();
      },
    });
    await rig.worker();
    const run = await rig.started();
    expect(await run.settle()).toBe('settled');
    expect(lost).toBe(1);
  });

  test('sees errors of the call', async () => {
    const { store } = rigOf({});
    await expect(store.submit(7, [])).rejects.toThrow('partition 7 of 1');
  });
});

test('carry may lose news', async () => {
  const letters: (() => void)[] = [];
  const { rig, store } = rigOf({ carry: (deliver) => letters.push(deliver) });
  const heard: string[] = [];
  await store.listen(undefined, { news: (tasks) => void heard.push(...tasks) });
  const [lost, doubled] = [await rig.submit(), await rig.submit()];
  await rig.cancel(lost);
  await rig.cancel(doubled);
  expect(heard).toEqual([]);
  letters[1]?.();
  letters[1]?.();
  expect(heard).toEqual([doubled, doubled]);
});

test('news that are on their way do not reach a listener that has closed', async () => {
  const letters: (() => void)[] = [];
  const { rig, store } = rigOf({ carry: (deliver) => letters.push(deliver) });
  const heard: string[] = [];
  const listening = await store.listen(undefined, { news: (tasks) => void heard.push(...tasks) });
  await rig.cancel(await rig.submit());
  await listening.close();
  for (const deliver of letters) deliver();
  expect([letters.length, heard]).toEqual([1, []]);
});

test('answers are copies: what a caller does to them changes nothing', async () => {
  const { rig, store } = rigOf({});
  await rig.worker();
  const run = await rig.started();
  await run.commit({ spawns: [run.spawn(1)], logs: ['1'], history: 'h' });
  const [record] = await store.records([run.id]);
  Object.assign(record?.children ?? {}, { total: 99 });
  (await store.children(run.id, 0, 9)).ids.pop();
  (await store.logs(run.id))[0]?.entries.pop();
  expect((await rig.record(run.id)).children.total).toBe(1);
  expect(ids([{ id: run.child(1) }])).toEqual((await store.children(run.id, 0, 9)).ids);
  expect(await store.logs(run.id)).toEqual([{ task: run.id, entries: ['1'] }]);
});
