/** Clocks that are wrong, and a machine that stands still: F28 to F30. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Arena } from './harness/arena.ts';
import { numbers, startsIn } from './harness/count.ts';
import { repeated } from './harness/repeats.ts';
import { row } from './harness/row.ts';

/** By the ledger's clock: from the start to the end of each. */
async function slept(arena: Arena): Promise<number[]> {
  const byTask = Map.groupBy(await arena.ledger.read(), ({ task }) => task);
  return [...byTask.values()].map((entries) => (entries.at(-1)?.at ?? 0) - (entries[0]?.at ?? 0));
}

for (const [shift, name] of [
  ['+1h', 'ahead'],
  ['-1h', 'behind'],
] as const)
  row(
    'F28',
    `a worker whose clock is an hour ${name}`,
    { workers: 1, slots: 30, needs: ['faketime'] },
    async (arena, findings) => {
      const env = { FAKETIME_DONT_FAKE_MONOTONIC: '1' };
      const wrong = await arena.addWorker('wrong', env, ['faketime', '-f', shift]);
      const clock = Date.parse((await fetch(`${wrong.url}/healthz`)).headers.get('date') ?? '');
      findings.proven(`its clock says ${new Date(clock).toISOString()}`, Math.abs(clock - Date.now()) > 1_800_000);
      const id = await arena.submit('naps', { count: 60, ms: 4_000 });
      await arena.ledger.until((entries) => startsIn(entries) === 60);
      findings.open(await arena.openShare(id));
      expect((await arena.settled(id, 30_000)).result).toEqual(numbers(60));
      const times = await slept(arena);
      expect(Math.min(...times), 'no sleep ends early').toBeGreaterThanOrEqual(3_990);
      findings.took('latest end of a sleep of 4 s', Math.max(...times), 5_500);
      expect(repeated(await arena.ledger.starts())).toEqual([]);
    },
  );

/** Debian's redis-server does not always start under libfaketime: then these rows are skipped. */
const clockFile = join(tmpdir(), `corral-faults-clock-${process.pid}`);
writeFileSync(clockFile, '+0');
const steppable = [
  'env',
  'LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  `FAKETIME_TIMESTAMP_FILE=${clockFile}`,
  'FAKETIME_NO_CACHE=1',
  'FAKETIME_DONT_FAKE_MONOTONIC=1',
];

for (const step of ['+600', '-600'])
  row(
    'F29',
    `the clock of Redis steps by ${step} s`,
    { workers: 2, slots: 30, needs: ['fakeableRedis'], redisWrapper: steppable },
    async (arena, findings) => {
      const longs = await arena.submit('longs', { count: 20, ms: 8_000 });
      await arena.ledger.until((entries) => startsIn(entries) === 20);
      findings.open(await arena.openShare(longs));
      const time = async (): Promise<number> => Number((await arena.redis.ask((redis) => redis.time()))[0]);
      const before = await time();
      writeFileSync(clockFile, step);
      const after = await time();
      findings.proven(`TIME went from ${before} to ${after}`, Math.abs(after - before) > 500);
      try {
        expect((await arena.settled(longs, 60_000)).result).toEqual(numbers(20));
        expect(repeated(await arena.ledger.starts()), 'nobody has lost a lease').toEqual([]);
      } finally {
        writeFileSync(clockFile, '+0');
      }
    },
  );

row('F30', 'the whole machine stands still for 15 s', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('longs', { count: 20, ms: 8_000 });
  await arena.ledger.until((entries) => startsIn(entries) === 20);
  findings.open(await arena.openShare(id));
  arena.redis.pause();
  for (const { child } of arena.workers) child.kill('SIGSTOP');
  const from = Date.now();
  await sleep(15_000);
  const silent = (await arena.ledger.read()).every(({ at }) => at < from + 500);
  for (const { child } of arena.workers) child.kill('SIGCONT');
  arena.redis.resume();
  findings.proven('nothing was written meanwhile', silent);
  expect((await arena.settled(id, 60_000)).result).toEqual(numbers(20));
  expect(repeated(await arena.ledger.starts())).toEqual([]);
});
