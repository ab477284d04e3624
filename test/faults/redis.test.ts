/** A Redis that is away, full, flushed, promoted, or has lost its tail: F14 to F18, F22 to F26, F41. */
import { mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '@corral/scheduler';
import { expect } from 'vitest';
import type { Arena } from './harness/arena.ts';
import { numbers, startsIn } from './harness/count.ts';
import { repeated } from './harness/repeats.ts';
import { type Findings, row } from './harness/row.ts';

/** Long tasks that run on all workers, and some that sleep. */
async function longAndSleeping(arena: Arena, findings: Findings, ms: number) {
  const longs = await arena.submit('longs', { count: 20, ms });
  const naps = await arena.submit('naps', { count: 50, ms });
  await arena.ledger.until((entries) => startsIn(entries) === 70);
  findings.open(await arena.openShare(longs));
  return { longs, naps };
}

/** Everything ended right, and nobody lost a task for it. */
async function nothingRanAgain(arena: Arena, { longs, naps }: { longs: string; naps: string }, ms = 60_000) {
  expect((await arena.settled(longs, ms)).result).toEqual(numbers(20));
  expect((await arena.settled(naps, ms)).result).toEqual(numbers(50));
  expect(repeated(await arena.ledger.starts())).toEqual([]);
}

/** Time from now until a new task has run from end to end; a client that is refused asks again, as one does. */
async function untilServed(arena: Arena): Promise<number> {
  const began = performance.now();
  for (;;) {
    const id = await arena.submit('effects', { count: 4, ms: 1, from: 1_000 }).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError) || performance.now() - began > 60_000) throw error;
    });
    if (id !== undefined) {
      await arena.settled(id, 60_000);
      return performance.now() - began;
    }
    await sleep(50);
  }
}

row('F14', 'Redis is shut down and started again after 5 s', { workers: 2, apis: 1 }, async (arena, findings) => {
  const work = await longAndSleeping(arena, findings, 20_000);
  const [api] = arena.apis;
  const before = arena.redis.pid;
  await arena.redis.shutdown();
  const refused = await submitByRest(api?.url ?? '');
  await sleep(5_000);
  await arena.redis.start();
  findings.proven(`redis ${before} gone, ${arena.redis.pid} in its place`, before !== arena.redis.pid);
  findings.took('served again', await untilServed(arena), 3_000);
  expect(refused, 'a submit while Redis is away').toEqual({ status: 503, retryAfter: true, problem: true });
  await nothingRanAgain(arena, work);
});

for (const appendfsync of ['everysec', 'always'])
  row(
    'F15',
    `Redis is killed (-9) and started again after 8 s, appendfsync ${appendfsync}`,
    { workers: 2, redis: { appendfsync } },
    async (arena, findings) => {
      const work = await longAndSleeping(arena, findings, 25_000);
      const accepted: string[] = [];
      // Each client waits for one result before it submits the next task: what comes later has no backlog before it.
      const submitting = Promise.all(
        numbers(64).map(async (client) => {
          for (let n = 0; n < 1_000; n++) {
            const args = { count: 1, ms: 0, from: 10_000 + 1_000 * client + n };
            const id = await arena.submit('effects', args).catch(() => undefined);
            if (id === undefined) return;
            accepted.push(id);
            await arena.client.wait(id, 60_000).catch(() => undefined);
          }
        }),
      );
      await arena.ledger.until((entries) => startsIn(entries) > 500);
      const before = arena.redis.pid;
      await arena.redis.kill();
      await submitting;
      await sleep(8_000);
      await arena.redis.start();
      findings.proven(`redis ${before} killed after ${accepted.length} submits`, before !== arena.redis.pid);
      findings.took('served again', await untilServed(arena), 3_000);
      for (const id of accepted) expect((await arena.settled(id, 60_000)).state).toBe('succeeded');
      const rerun = new Set(repeated(await arena.ledger.starts()));
      expect((await arena.settled(work.longs, 60_000)).result).toEqual(numbers(20));
      expect((await arena.settled(work.naps, 60_000)).result).toEqual(numbers(50));
      expect([...rerun], 'tasks that ran again').toEqual([]);
    },
  );

row(
  'F16',
  'power loss: the tail of the append-only file is cut off, 5 times',
  { workers: 2, timeoutMs: 300_000 },
  async (arena, findings) => {
    const count = 8_000; // longer than the five cuts take
    const id = await arena.submit('effects', { count, ms: 200 });
    const deep = await arena.submit('tree', { depth: 4, width: 5 });
    await arena.ledger.until((entries) => startsIn(entries) > 200);
    for (const cut of [1, 37, 1_001, 20_011, 60_013]) {
      for (const end = Date.now() + 20_000; sizeOfLog(arena) < 2 * cut && Date.now() < end; ) await sleep(50);
      findings.open(await arena.openShare(id));
      await arena.redis.kill();
      const size = cutTail(arena, cut);
      await arena.redis.start();
      await rewriteLog(arena);
      findings.proven(`${cut} of ${size} bytes cut`, size > cut);
      findings.took('served again', await untilServed(arena), 3_000);
    }
    expect((await arena.settled(id, 200_000)).result).toEqual(numbers(count));
    expect((await arena.settled(deep, 60_000)).result).toBe(numbers(625).filter((key) => key % 7 !== 3).length);
  },
);

for (const seconds of [10, 30])
  row('F17', `Redis stands still for ${seconds} s`, { workers: 2 }, async (arena, findings) => {
    const work = await longAndSleeping(arena, findings, (seconds + 8) * 1_000);
    arena.redis.pause();
    const ping = arena.redis.ask((redis) => redis.ping()); // answered when it goes on
    const silent = await Promise.race([ping, sleep(1_000, 'silence')]);
    findings.proven('a ping got no answer', silent === 'silence');
    await sleep(seconds * 1_000 - 1_000);
    arena.redis.resume();
    expect(await ping).toBe('PONG');
    findings.took('served again', await untilServed(arena), 3_000);
    await nothingRanAgain(arena, work, 90_000);
  });

row(
  'F18',
  'all connections are cut every 500 ms for 10 s',
  { workers: 2, timeoutMs: 240_000 },
  async (arena, findings) => {
    const id = await arena.submit('effects', { count: 4_000, ms: 100 });
    await arena.ledger.until((entries) => startsIn(entries) > 100);
    findings.open(await arena.openShare(id));
    let cut = 0;
    for (let round = 0; round < 20; round++) {
      cut += await arena.redis.ask(async (redis) => {
        const normal = await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        const pubsub = await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        return Number(normal) + Number(pubsub);
      });
      await sleep(500);
    }
    findings.proven(`${cut} connections cut`, cut > 40);
    expect((await arena.settled(id, 120_000)).result).toEqual(numbers(4_000));
    expect(repeated(await arena.ledger.starts()), 'a command that was sent twice had two effects').toEqual([]);
  },
);

row('F22', 'memory is full for 15 s', { workers: 2, apis: 1 }, async (arena, findings) => {
  const work = await longAndSleeping(arena, findings, 20_000);
  const [api] = arena.apis;
  const used = await arena.redis.info('used_memory');
  await arena.redis.ask((redis) => redis.config('SET', 'maxmemory', Math.floor(used / 2)));
  const answer = await submitByRest(api?.url ?? '');
  findings.proven(`a submit got ${answer.status}`, answer.status === 503);
  expect([answer.retryAfter, answer.problem]).toEqual([true, true]);
  await sleep(15_000);
  await arena.redis.ask((redis) => redis.config('SET', 'maxmemory', '0'));
  findings.took('served again', await untilServed(arena), 5_000);
  await nothingRanAgain(arena, work);
});

row('F23', 'the disk is full: every write is refused', { workers: 2, apis: 1 }, async (arena, findings) => {
  // What a full disk makes of Redis: it cannot save, so it takes no writes (MISCONF). Here a folder is in the way.
  const work = await longAndSleeping(arena, findings, 20_000);
  mkdirSync(join(arena.redis.home, 'dump.rdb'));
  await arena.redis.ask((redis) => redis.config('SET', 'save', '3600 1'));
  const refused = await refuseWrites(arena);
  findings.proven(`a write got ${refused}`, refused.startsWith('MISCONF'));
  await sleep(8_000);
  const [api] = arena.apis;
  expect(await submitByRest(api?.url ?? '')).toEqual({ status: 503, retryAfter: true, problem: true });
  await arena.redis.ask((redis) => redis.config('SET', 'stop-writes-on-bgsave-error', 'no'));
  findings.took('served again', await untilServed(arena), 5_000);
  await nothingRanAgain(arena, work);
});

row('F25', 'FUNCTION FLUSH, again and again', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('effects', { count: 2_000, ms: 50 });
  await arena.ledger.until((entries) => startsIn(entries) > 50);
  findings.open(await arena.openShare(id));
  let gone = 0;
  for (let round = 0; round < 20; round++) {
    gone += await arena.redis.ask(async (redis) => {
      await redis.function('FLUSH');
      return 1;
    });
    await sleep(50);
  }
  findings.proven(`functions flushed ${gone} times`, gone === 20);
  expect((await arena.settled(id, 60_000)).result).toEqual(numbers(2_000));
  expect(repeated(await arena.ledger.starts())).toEqual([]);
});

row('F25', 'FLUSHALL while tasks run', { workers: 2, apis: 1 }, async (arena, findings) => {
  const { longs } = await longAndSleeping(arena, findings, 6_000);
  await arena.redis.ask((redis) => redis.flushall());
  findings.proven('the task is unknown', (await arena.client.get(longs)) === undefined);
  const [api] = arena.apis;
  expect((await fetch(`${api?.url}/v1/tasks/${longs}`)).status).toBe(404);
  await arena.redis.ask((redis) => redis.set(`{faults}:partitions`, 1));
  findings.took('served again', await untilServed(arena), 6_000);
  expect(arena.workers.every(({ child }) => child.running)).toBe(true);
});

row(
  'F41',
  'hints are lost: the queue is emptied and subscribers are cut, each second',
  { workers: 2, slots: 20 },
  async (arena, findings) => {
    const id = await arena.submit('effects', { count: 600, ms: 50 });
    const naps = await arena.submit('naps', { count: 20, ms: 3_000 });
    await arena.ledger.until((entries) => startsIn(entries) > 20);
    findings.open(await arena.openShare(id));
    let lost = 0;
    for (let round = 0; round < 8; round++) {
      lost += await arena.redis.ask(async (redis) => {
        const keys = await redis.keys(`{faults:0}:ready:*`);
        const waiting = keys.length > 0 ? await redis.del(...keys) : 0;
        return waiting + Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
      });
      await sleep(1_000);
    }
    findings.proven(`${lost} keys of the queue and subscribers lost`, lost > 8);
    const began = performance.now();
    expect((await arena.settled(id, 120_000)).result).toEqual(numbers(600));
    expect((await arena.settled(naps, 60_000)).result).toEqual(numbers(20));
    findings.took('drained after the last loss', performance.now() - began, 30_000);
    expect(repeated(await arena.ledger.starts())).toEqual([]);
  },
);

async function submitByRest(url: string): Promise<{ status: number; retryAfter: boolean; problem: boolean }> {
  const answer = await fetch(`${url}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ coroutine: 'effect', args: { key: 9, ms: 1 } }),
    signal: AbortSignal.timeout(15_000),
  });
  const type = answer.headers.get('content-type') ?? '';
  return {
    status: answer.status,
    retryAfter: answer.headers.has('retry-after'),
    problem: type.includes('problem+json'),
  };
}

/** A background save fails, and Redis then refuses writes. Answers how. */
async function refuseWrites(arena: Arena): Promise<string> {
  await arena.redis.ask((redis) => redis.bgsave());
  for (let tries = 0; tries < 50; tries++) {
    const answer = await arena.redis.ask((redis) => redis.set('probe', 1).catch((error: Error) => error.message));
    if (answer !== null && answer !== 'OK') return answer;
    await sleep(100);
  }
  return 'nothing';
}

/**
 * A log that was cut within a MULTI keeps its beginning when Redis 7.0 loads it, and goes on behind it: loaded once more, it
 * gives half of a transaction. So it is written anew, as docs/guide/operations.md tells to do after a loss of power.
 */
async function rewriteLog(arena: Arena): Promise<void> {
  await arena.redis.ask(async (redis) => {
    await redis.bgrewriteaof();
    const busy = async (): Promise<boolean> =>
      /aof_rewrite_(in_progress|scheduled):1/.test(await redis.info('persistence'));
    for (const deadline = Date.now() + 20_000; (await busy()) && Date.now() < deadline; ) await sleep(50);
  });
}

/** The file that Redis appends to. */
function logOf(arena: Arena): string {
  const folder = join(arena.redis.home, 'appendonlydir');
  const [name = ''] = readdirSync(folder)
    .filter((file) => file.endsWith('.incr.aof'))
    .sort()
    .slice(-1);
  return join(folder, name);
}

const sizeOfLog = (arena: Arena): number => statSync(logOf(arena)).size;

/** Cuts so many bytes off that file; answers how many it had. */
function cutTail(arena: Arena, bytes: number): number {
  const size = sizeOfLog(arena);
  truncateSync(logOf(arena), Math.max(0, size - bytes));
  return size;
}
