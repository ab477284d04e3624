/** Workers that are drained, or stand still: F6, F8, F9. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { first, isGone } from './harness/acts.ts';
import { numbers } from './harness/count.ts';
import { before, inFlight, recovery, repeated } from './harness/repeats.ts';
import { row } from './harness/row.ts';

row('F6', 'SIGTERM: drained, a successor goes on', { workers: 1, slots: 20 }, async (arena, findings) => {
  const short = await arena.submit('effects', { count: 200, ms: 300 });
  const sleeping = await arena.submit('naps', { count: 20, ms: 15_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length >= 60);
  findings.open(await arena.openShare(sleeping));
  const drained = first(arena);
  await arena.addWorker('successor');
  const at = Date.now();
  process.kill(drained.pid, 'SIGTERM');
  expect(await drained.child.ended).toBe('exit code 0');
  findings.proven(`pid ${drained.pid} ended with code 0`, isGone(drained));
  findings.took('drained', Date.now() - at, 15_000);
  arena.workers = arena.workers.filter((worker) => worker !== drained);
  expect((await arena.settled(short, 60_000)).result).toEqual(numbers(200));
  const slept = await arena.settled(sleeping, 60_000);
  expect(slept).toMatchObject({ attempt: 1, state: 'succeeded' });
  const late = (await arena.ledger.read()).filter(
    ({ event, pid, at: when }) => event === 'start' && pid === drained.pid && when > at + 1_000,
  );
  expect(late, 'claimed after SIGTERM').toEqual([]);
  // what slept is replayed by the successor, what ran has ended
  const shortAgain = repeated(await arena.ledger.starts()).length;
  expect(shortAgain).toBeLessThanOrEqual(20);
});

row('F8', 'SIGSTOP for 15 s, then SIGCONT', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('longs', { count: 10, ms: 25_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 10);
  findings.open(await arena.openShare(id));
  const victim = first(arena);
  const at = Date.now();
  process.kill(victim.pid, 'SIGSTOP');
  await sleep(15_000);
  const hit = inFlight(before(await arena.ledger.read(), at), new Set([victim.pid]), new Set([id]));
  const { lastMs } = recovery(await arena.ledger.read(), at, hit);
  process.kill(victim.pid, 'SIGCONT');
  findings.proven(`pid ${victim.pid} stood still, ${hit.size} tasks on it`, hit.size > 0);
  findings.took('others', lastMs, 6_000);
  expect((await arena.settled(id, 90_000)).result).toEqual(numbers(10));
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'end').length >= 10);
  const zombie = (await arena.ledger.read()).filter((entry) => entry.pid === victim.pid && hit.has(entry.task));
  findings.note(`the zombie wrote ${zombie.filter(({ event }) => event === 'end').length} ends after its lease`);
  const back = await arena.submit('effects', { count: 200, ms: 10 });
  await arena.settled(back, 30_000);
  const pids = new Set((await arena.ledger.read()).filter(({ at: when }) => when > at + 15_000).map(({ pid }) => pid));
  expect(pids.has(victim.pid), 'the worker came back with a new session').toBe(true);
});

row('F9', 'SIGSTOP for 2 s, less than the lease', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('longs', { count: 20, ms: 8_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 20);
  findings.open(await arena.openShare(id));
  const victim = first(arena);
  process.kill(victim.pid, 'SIGSTOP');
  await sleep(2_000);
  const silent = (await arena.ledger.read()).filter(({ pid, at }) => pid === victim.pid && at > Date.now() - 1_500);
  process.kill(victim.pid, 'SIGCONT');
  findings.proven(`pid ${victim.pid} stood still`, silent.length === 0);
  expect((await arena.settled(id, 60_000)).result).toEqual(numbers(20));
  expect(repeated(await arena.ledger.starts())).toEqual([]);
});
