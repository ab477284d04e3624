/** Direct claims and hints, and the workers that get them. */
import { describe, expect, it } from 'vitest';
import type { Hint } from '../../src/contract/dispatch.ts';
import { coroutine } from '../../src/loop/coroutines.ts';
import { memoryCluster } from '../../src/testing/cluster.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { Hinter } from '../../src/worker/hinter.ts';

const echo = coroutine('echo', async (_loop, args: unknown) => args);
const hint = (id: string): Hint => ({ id, priority: 3 });

describe('a worker', () => {
  function hinter(room: number) {
    const sent: unknown[] = [];
    const warnings: string[] = [];
    const send = async (...batch: unknown[]): Promise<void> => {
      sent.push(batch);
      throw new Error('away');
    };
    const dispatch = { send, backlog: async () => 0, consume: () => ({ stop: async () => undefined }), close: send };
    const keep = (_: number, ids: readonly string[]): number => Math.min(room, ids.length);
    const instrument = { warning: (message: string) => void warnings.push(message) };
    return { sent, warnings, hinter: new Hinter({ dispatch, clock: new VirtualClock(), instrument, slots: 4, keep }) };
  }

  it('claims what it has slots for, and nobody else hears of it', async () => {
    const { sent, hinter: own } = hinter(2);
    own.take(0, [hint('a'), hint('b')]);
    await own.sent();
    expect(sent).toEqual([]);
  });

  it('D1 sends on what it has no slots for, and a failure is no more than a lost hint', async () => {
    const { sent, warnings, hinter: own } = hinter(1);
    own.take(0, [hint('a'), hint('b')]);
    await own.sent();
    expect(sent).toEqual([[0, [hint('b')], 1]]);
    expect(warnings).toHaveLength(1);
  });
});

describe('a cluster', () => {
  /** Milliseconds from submit to end of each of 20 tasks, one every 10 ms. */
  async function delays(cluster: Awaited<ReturnType<typeof memoryCluster>>): Promise<number[]> {
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) {
      ids.push((await cluster.client.submit('echo', n)).id);
      await new Promise<void>((resolve) => cluster.clock.setTimer(10, resolve));
    }
    const views = await Promise.all(ids.map((id) => cluster.client.wait(id, 60_000)));
    expect(views.map((view) => view?.result)).toEqual(ids.map((_, n) => n));
    return views.map((view) => Date.parse(view?.finishedAt ?? '') - Date.parse(view?.createdAt ?? ''));
  }

  it('starts tasks at once, without Dispatch', async () => {
    await using cluster = await memoryCluster({ coroutines: [echo] });
    let sent = 0;
    const send = cluster.dispatch.send.bind(cluster.dispatch);
    cluster.dispatch.send = async (...batch) => {
      sent += 1;
      await send(...batch);
    };
    expect(Math.max(...(await delays(cluster)))).toBe(0);
    expect(sent).toBe(0);
  });

  it('D1 runs them within seconds when all that is told directly is lost, and hands out the later ones otherwise', async () => {
    await using cluster = await memoryCluster({ coroutines: [echo], store: { carry: () => undefined } });
    const late = (await delays(cluster)).filter((ms) => ms > 100);
    expect(Math.max(0, ...late)).toBeLessThanOrEqual(4500); // two looks for strays
    expect(late.length).toBeLessThanOrEqual(12); // a claim, and the hints of the first 50 ms, of each
  });

  it('T2 runs each of them once when all that is told directly comes twice, the second time late', async () => {
    let runs = 0;
    const counted = coroutine('counted', async () => {
      runs += 1;
    });
    const late: (() => void)[] = [];
    const carry = (deliver: () => void): void => {
      late.push(deliver);
      queueMicrotask(deliver);
    };
    await using cluster = await memoryCluster({ coroutines: [counted], store: { carry } });
    for (let n = 0; n < 10; n++) await cluster.client.wait((await cluster.client.submit('counted', {})).id, 60_000);
    for (const deliver of late) deliver();
    await new Promise<void>((resolve) => cluster.clock.setTimer(10_000, resolve));
    expect(runs).toBe(10);
  });

  it('T2 does not begin what has been taken back from it before it heard of it', async () => {
    let runs = 0;
    const counted = coroutine('counted', async () => {
      runs += 1;
    });
    const late: (() => void)[] = [];
    await using cluster = await memoryCluster({
      coroutines: [counted],
      store: { carry: (deliver) => late.push(deliver) },
    });
    const { id } = await cluster.client.submit('counted', {});
    await cluster.client.wait(id, 60_000);
    for (const deliver of late) deliver();
    await new Promise<void>((resolve) => cluster.clock.setTimer(10_000, resolve));
    expect(runs).toBe(1);
  });

  it('D1 is held up only for a moment by a worker that has died and is not known to be dead', async () => {
    await using cluster = await memoryCluster({ coroutines: [echo] });
    const [dead] = cluster.workers;
    if (dead !== undefined) cluster.kill(dead);
    const late = (await delays(cluster)).filter((ms) => ms > 100);
    expect(late.length).toBeLessThanOrEqual(6); // those of the first 50 ms
    expect(Math.max(0, ...late)).toBeLessThanOrEqual(4000); // Dispatch may bring it to the dead worker once more
  });
});
