/** Workers that are killed, stopped, blocked, drained, poisoned: F1 to F13, F39. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Arena, Process } from './harness/arena.ts';
import { numbers } from './harness/count.ts';
import { inFlight, recovery, repeated, settledNow } from './harness/repeats.ts';
import { type Findings, row } from './harness/row.ts';

const pidsOf = (processes: readonly Process[]): Set<number> => new Set(processes.map(({ pid }) => pid));

function first(arena: Arena): Process {
  const [worker] = arena.workers;
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

const isGone = ({ child }: Process): boolean => !child.running;

/** A gather of effects that has run for a while. */
async function underWay(arena: Arena, coroutine: string, count: number, ms: number, share = 0.2): Promise<string> {
  const id = await arena.submit(coroutine, { count, ms });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length >= count * share);
  return id;
}

/** Results are right, and nothing ran twice but what was in flight in the processes that the fault hit. */
async function onlyVictimsRanAgain(arena: Arena, victims: ReadonlySet<string>, settledBefore: ReadonlySet<string>) {
  const again = repeated(await arena.ledger.starts());
  expect(
    again.filter((task) => settledBefore.has(task)),
    'settled tasks that ran again',
  ).toEqual([]);
  expect(
    again.filter((task) => !victims.has(task)),
    'tasks of others that ran again',
  ).toEqual([]);
}

async function killAndFollow(arena: Arena, findings: Findings, id: string, victims: Process[], least?: number) {
  findings.open(await arena.openShare(id), least);
  const at = await arena.kill(...victims);
  findings.proven(`pid ${victims.map(({ pid }) => pid).join(', ')} gone`, victims.every(isGone));
  const settled = await settledNow(arena); // others go on meanwhile: what has settled by now must not run again either
  const hit = inFlight(await arena.ledger.read(), pidsOf(victims), settled);
  return { at, hit, settled };
}

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
  'kill -9, and the same worker name again at once',
  { env: { WORKER_NAME: 'same' }, workers: 1, lacks: 'a session is not given up when its name registers again' },
  async (arena, findings) => {
    const id = await underWay(arena, 'effects', 400, 500, 0.1);
    const { at, hit } = await killAndFollow(arena, findings, id, [first(arena)]);
    await arena.addWorker('again');
    await arena.settled(id, 60_000);
    findings.took('last', recovery(await arena.ledger.read(), at, hit).lastMs, 2_000);
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

async function ownerOf(arena: Arena, id: string): Promise<Process> {
  const [owner] = await until(async () => {
    const session = (await arena.client.get(id))?.worker;
    const pid = (await arena.client.workers()).find((worker) => worker.id === session)?.pid;
    return arena.workers.filter((worker) => worker.pid === pid);
  });
  if (owner === undefined) throw new Error(`nobody has ${id}`);
  return owner;
}

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

row('F8', 'SIGSTOP for 15 s, then SIGCONT', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('longs', { count: 20, ms: 25_000 });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 20);
  findings.open(await arena.openShare(id));
  const victim = first(arena);
  const at = Date.now();
  process.kill(victim.pid, 'SIGSTOP');
  await sleep(15_000);
  const hit = inFlight(await arena.ledger.read(), new Set([victim.pid]), new Set([id]));
  const { lastMs } = recovery(await arena.ledger.read(), at, hit);
  process.kill(victim.pid, 'SIGCONT');
  findings.proven(`pid ${victim.pid} stood still, ${hit.size} tasks on it`, hit.size > 0);
  findings.took('others', lastMs, 6_000);
  expect((await arena.settled(id, 90_000)).result).toEqual(numbers(20));
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'end').length >= 20);
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
  {
    workers: 2,
    slots: 10,
    env: { CORRAL_MAX_BLOCK_MS: '10000' },
    lacks: 'a worker that never turns again is not ended, and its task is taken up for ever',
  },
  async (arena, findings) => {
    const id = await arena.submit('naps', { count: 20, ms: 12_000 });
    await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length === 20);
    findings.open(await arena.openShare(id));
    const blocking = await arena.submit('block', { ms: 3_600_000 });
    const [stuck] = await until(async () => (await arena.client.workers()).filter((worker) => worker.stuck === true));
    findings.proven(`${stuck?.id} is called stuck`, stuck !== undefined);
    expect(await arena.settled(blocking, 90_000)).toMatchObject({ state: 'failed', error: { type: 'WorkerCrashed' } });
    expect((await arena.settled(id, 60_000)).result).toEqual(numbers(20));
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
      lacks: 'poison tasks are not recognised',
    },
    async (arena, findings) => {
      const id = await underWay(arena, 'effects', 400, 500, 0.1);
      findings.open(await arena.openShare(id));
      const poison = await arena.submit('poison', { how });
      let deaths = 0;
      const nurse = new AbortController();
      const nursing = keepAlive(arena, 2, nurse.signal, () => {
        deaths += 1;
      });
      try {
        expect(await arena.settled(poison, 90_000)).toMatchObject({
          state: 'failed',
          error: { type: 'WorkerCrashed' },
        });
        expect((await arena.settled(id, 90_000)).result).toEqual(numbers(400));
      } finally {
        nurse.abort();
        await nursing;
      }
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

/** Starts a worker for each that dies, as a supervisor does. */
async function keepAlive(arena: Arena, count: number, signal: AbortSignal, died: () => void): Promise<void> {
  while (!signal.aborted) {
    const dead = arena.workers.filter(isGone);
    arena.workers = arena.workers.filter((worker) => !isGone(worker));
    for (const _ of dead) died();
    while (arena.workers.length < count && !signal.aborted) await arena.addWorker();
    await sleep(100);
  }
}

async function until<T>(look: () => Promise<T[]>): Promise<T[]> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(200)) {
    const seen = await look();
    if (seen.length > 0) return seen;
  }
  return [];
}
