/** Workers that their own tasks block or end: F10 to F13. */
import { expect } from 'vitest';
import { first, isGone, pidsOf, supervised, underWay, until } from './harness/acts.ts';
import type { Process } from './harness/arena.ts';
import { numbers } from './harness/count.ts';
import { before, inFlight, recovery, repeated, settledNow } from './harness/repeats.ts';
import { row } from './harness/row.ts';

const crashed = { state: 'failed', error: { type: 'WorkerCrashed' } };

row('F10', 'an event loop that is blocked for 20 s', { workers: 2, slots: 30 }, async (arena, findings) => {
  const id = await arena.submit('naps', { count: 60, ms: 25_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 60);
  findings.open(await arena.openShare(id));
  const blocking = await arena.submit('block', { ms: 20_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 61);
  const [stuck] = await until(async () => (await arena.client.workers()).filter((worker) => worker.stuck === true));
  findings.proven(`${stuck?.id} is called stuck`, stuck !== undefined);
  expect(await arena.settled(blocking, 60_000)).toMatchObject({ result: 'blocked', attempt: 1 });
  expect((await arena.settled(id, 60_000)).result).toEqual(numbers(60));
  expect(repeated(await arena.ledger.starts())).toEqual([]);
});

row(
  'F11',
  'an event loop that is blocked for ever',
  { workers: 3, slots: 10, env: { CORRAL_MAX_BLOCK_MS: '10000' } },
  async (arena, findings) => {
    const id = await arena.submit('naps', { count: 30, ms: 30_000 });
    await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 30);
    findings.open(await arena.openShare(id));
    const blocking = await arena.submit('block', { ms: 3_600_000 });
    const [stuck] = await until(async () => (await arena.client.workers()).filter((worker) => worker.stuck === true));
    const victim = arena.workers.find(({ pid }) => pid === stuck?.pid) as Process;
    await victim.child.ended;
    const at = Date.now();
    findings.proven(`${stuck?.id} was called stuck, and its process has ended`, isGone(victim));
    expect(victim.child.tail(20), 'its log says where').toMatch(/the process ends; it stands in .*faulty/);
    const settled = await settledNow(arena);
    const hit = inFlight(before(await arena.ledger.read(), at), pidsOf([victim]), settled);
    await supervised(arena, 3, async () => {
      expect(await arena.settled(blocking, 120_000)).toMatchObject(crashed);
      expect((await arena.settled(id, 60_000)).result).toEqual(numbers(30));
    });
    // The next worker with the task is blocked, too, and what it has just taken over waits with it.
    const { victims, medianMs } = recovery(await arena.ledger.read(), at, hit);
    findings.note(`${victims} tasks in flight`);
    findings.took('median', medianMs, 6_000);
  },
);

for (const how of ['exit', 'heap', 'crash'] as const)
  row(
    'F12',
    `a task that ends its process each time (${how})`,
    {
      workers: 2,
      slots: 20,
      env: { NODE_OPTIONS: '--max-old-space-size=128' },
    },
    async (arena, findings) => {
      const id = await underWay(arena, 'effects', 400, 500, 0.1);
      findings.open(await arena.openShare(id));
      const poison = await arena.submit('poison', { how });
      const deaths = await supervised(arena, 2, async () => {
        expect(await arena.settled(poison, 90_000)).toMatchObject(crashed);
        expect((await arena.settled(id, 90_000)).result).toEqual(numbers(400));
      });
      findings.proven(`${deaths} workers died`, deaths >= 3);
      const runs = (await arena.ledger.read()).filter(({ task, event }) => task === poison && event === 'start');
      expect(runs.length).toBe(3);
    },
  );

row('F13', 'a rejection that nobody hears', { workers: 1 }, async (arena, findings) => {
  const id = await underWay(arena, 'effects', 500, 100, 0.1);
  findings.open(await arena.openShare(id));
  const stray = await arena.submit('stray', {});
  const view = await arena.settled(stray, 30_000);
  findings.note(`the careless task has ${view.state}`);
  findings.proven('the rejection is in the log', /nobody hears this/.test(first(arena).child.tail(200)));
  expect((await arena.settled(id, 60_000)).result).toEqual(numbers(500));
  expect(first(arena).child.running).toBe(true);
  expect(repeated(await arena.ledger.starts())).toEqual([]);
});
