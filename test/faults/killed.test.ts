/** Workers that are killed: F1 to F5, F7, F39. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { first, isGone, killAndFollow, onlyVictimsRanAgain, ownerOf, underWay } from './harness/acts.ts';
import type { Process } from './harness/arena.ts';
import { numbers } from './harness/count.ts';
import { recovery, repeated } from './harness/repeats.ts';
import { row } from './harness/row.ts';

row('F1', 'kill -9 of one worker of three', {}, async (arena, findings) => {
  const id = await underWay(arena, 'effects', 3_000, 100);
  const { at, hit, settled } = await killAndFollow(arena, findings, id, [first(arena)]);
  expect((await arena.settled(id, 120_000)).result).toEqual(numbers(3_000));
  await onlyVictimsRanAgain(arena, hit, settled);
  const { victims, medianMs, lastMs } = recovery(await arena.ledger.read(), at, hit);
  findings.note(`${victims} tasks in flight`);
  findings.took('median', medianMs, 4_000);
  findings.took('last', lastMs, 6_000);
});

row(
  'F2',
  'kill -9, and a worker of the same name at once',
  { workers: 1, env: { CORRAL_WORKER_NAME: 'same' } },
  async (arena, findings) => {
    const id = await underWay(arena, 'effects', 2_000, 100, 0.1);
    const { at, hit } = await killAndFollow(arena, findings, id, [first(arena)]);
    await arena.addWorker('again');
    const ready = Date.now();
    await arena.settled(id, 60_000);
    findings.took('last after the start', at + recovery(await arena.ledger.read(), at, hit).lastMs - ready, 2_000);
  },
);

row('F3', 'kill -9 of all workers, started again after 10 s', { workers: 2 }, async (arena, findings) => {
  const effects = await underWay(arena, 'effects', 2_000, 100);
  const naps = await arena.submit('naps', { count: 50, ms: 8_000 });
  await arena.ledger.until((entries) => new Set(entries.map(({ task }) => task)).size > 450);
  const { hit, settled } = await killAndFollow(arena, findings, effects, arena.workers);
  await sleep(10_000);
  await Promise.all([arena.addWorker('n0'), arena.addWorker('n1')]);
  const back = Date.now();
  expect((await arena.settled(effects, 120_000)).result).toEqual(numbers(2_000));
  expect((await arena.settled(naps, 60_000)).result).toEqual(numbers(50));
  const again = repeated(await arena.ledger.starts());
  expect(again.filter((task) => settled.has(task))).toEqual([]);
  const { lastMs } = recovery(await arena.ledger.read(), back, hit);
  findings.took('last after the start', lastMs, 6_000);
});

row('F4', 'kill -9 of a random worker every 2 s for 20 s', { slots: 20 }, async (arena, findings) => {
  const id = await arena.submit('effects', { count: 3_000, ms: 300 });
  const deep = await arena.submit('tree', { depth: 4, width: 5 });
  const keys = numbers(400).map((key) => 100_000 + key);
  const batch = await arena.client.submitAll(keys.map((key) => ({ coroutine: 'effect', args: { key, ms: 300 } })));
  await arena.ledger.until((entries) => entries.length > 100);
  findings.open(await arena.openShare(id));
  for (let round = 0; round < 10; round++) {
    const victim = arena.workers[round % arena.workers.length] as Process;
    await arena.kill(victim);
    findings.proven(`pid ${victim.pid} gone`, isGone(victim));
    await Promise.all([arena.addWorker(`r${round}`), sleep(2_000)]);
  }
  const last = performance.now();
  expect((await arena.settled(id, 120_000)).result).toEqual(numbers(3_000));
  expect((await arena.settled(deep, 120_000)).result).toBe(numbers(625).filter((key) => key % 7 !== 3).length);
  const views = await Promise.all(batch.tasks.map(({ id }) => arena.settled(id, 120_000)));
  expect(views.map(({ result }) => result)).toEqual(keys);
  findings.took('drained after the last kill', performance.now() - last, 60_000);
});

for (const share of [0.01, 0.5, 0.99])
  row(
    'F5',
    `gather of 10,000: its parent's worker killed at ${share * 100} %`,
    { slots: 20, timeoutMs: 300_000 },
    async (arena, findings) => {
      const count = 10_000;
      const reached = count * share;
      // Those that come next take a second each, so that some are in flight whenever the kill comes.
      const id = await arena.submit('effects', { count, ms: 5, slow: { from: reached, to: reached + 100, ms: 1_000 } });
      const owner = await ownerOf(arena, id);
      await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'end').length >= reached);
      const { hit, settled, at } = await killAndFollow(arena, findings, id, [owner], (1 - share) / 2);
      expect((await arena.settled(id, 240_000)).result).toEqual(numbers(count));
      const ended = new Set((await arena.ledger.read()).filter(({ event }) => event === 'end').map(({ key }) => key));
      expect(ended.size).toBe(count);
      await onlyVictimsRanAgain(arena, hit, settled);
      const again = repeated(await arena.ledger.starts());
      expect(again.length, 'no more than the slots of one worker').toBeLessThanOrEqual(20);
      findings.note(`${settled.size} had ended, ${hit.size} in flight, ${again.length} ran again`);
      findings.took('last', recovery(await arena.ledger.read(), at, hit).lastMs, 6_000);
    },
  );

row('F7', 'SIGTERM, and kill -9 while it drains', { workers: 2, slots: 20 }, async (arena, findings) => {
  const id = await arena.submit('longs', { count: 10, ms: 8_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 10);
  const victim = first(arena);
  process.kill(victim.pid, 'SIGTERM');
  await sleep(2_000);
  const { hit, at } = await killAndFollow(arena, findings, id, [victim]);
  expect((await arena.settled(id, 90_000)).result).toEqual(numbers(10));
  if (hit.size > 0) findings.took('last', recovery(await arena.ledger.read(), at, hit).lastMs, 6_000);
});

row('F39', 'kill -9 while tasks clean up after a cancel', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('tidies', { count: 40 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 40);
  await arena.client.cancel(id);
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'cleaning').length >= 20);
  findings.open(await arena.openShare(id));
  const victim = first(arena);
  await arena.kill(victim);
  findings.proven(`pid ${victim.pid} gone`, isGone(victim));
  expect(await arena.settled(id, 60_000)).toMatchObject({ state: 'cancelled', children: { cancelled: 40 } });
  const cleaned = (await arena.ledger.read()).filter(({ event }) => event === 'cleaned').map(({ key }) => Number(key));
  expect([...new Set(cleaned)].sort((a, b) => a - b)).toEqual(numbers(40));
});
