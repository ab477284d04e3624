/** Much at once, deep, large, cancelled, asked for twice: F27, F31 to F34, F38. */
import { expect } from 'vitest';
import { numbers, startsIn } from './harness/count.ts';
import { row } from './harness/row.ts';

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

row('F27', 'kill -9 of an API while 200 clients wait', { workers: 1, apis: 2 }, async (arena, findings) => {
  const [doomed, other] = arena.apis;
  const submitted = await Promise.all(
    numbers(200).map(async (key) => {
      const answer = await post(doomed?.url ?? '', { coroutine: 'nap', args: { key, ms: 6_000 } });
      return ((await answer.json()) as { id: string }).id;
    }),
  );
  let cut = 0;
  const waiting = submitted.map((id) =>
    fetch(`${doomed?.url}/v1/tasks/${id}?waitMs=30000`).catch(() => {
      cut += 1;
    }),
  );
  await arena.ledger.until((entries) => startsIn(entries) === 200);
  findings.open(1);
  if (doomed !== undefined) await arena.kill(doomed);
  await Promise.all(waiting);
  findings.proven(`${cut} waits were cut`, cut > 100);
  const answers = await Promise.all(submitted.map((id) => fetch(`${other?.url}/v1/tasks/${id}?waitMs=30000`)));
  const states = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { state: string }).state));
  expect(new Set(states)).toEqual(new Set(['succeeded']));
});

row(
  'F31',
  '50 submits at once with one idempotency key, at two APIs, one killed',
  { workers: 1, apis: 2 },
  async (arena, findings) => {
    const key = { 'idempotency-key': 'the-same' };
    const body = { coroutine: 'effect', args: { key: 1, ms: 300 } };
    const asked = numbers(50).map((n) => post(arena.apis[n % 2]?.url ?? '', body, key).catch(() => undefined));
    const [doomed, other] = arena.apis;
    findings.open(1);
    const early = await Promise.all(asked);
    if (doomed !== undefined) await arena.kill(doomed);
    const again = await post(other?.url ?? '', body, key);
    const answers = [...early, again].filter((answer) => answer !== undefined);
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
    findings.proven(`${ids.length} answers`, ids.length > 25);
    expect(new Set(ids).size).toBe(1);
    const conflict = await post(other?.url ?? '', { ...body, args: { key: 2, ms: 0 } }, key);
    expect([409, 422]).toContain(conflict.status);
    await arena.settled(ids[0] ?? '', 30_000);
    expect(await arena.ledger.count('start')).toBe(1);
  },
);

row('F32', '300 results of 200 kB at once', { workers: 2 }, async (arena, findings) => {
  const id = await arena.submit('larges', { count: 300, length: 200_000 });
  findings.open(1);
  const began = performance.now();
  await arena.settled(await arena.submit('effect', { key: 0, ms: 0 }), 60_000);
  findings.took('a small task meanwhile', performance.now() - began, 1_500);
  expect((await arena.settled(id, 120_000)).result).toBe(300 * 200_000);
  const used = await arena.redis.info('used_memory');
  findings.proven(`${Math.round(used / 1e6)} MB in Redis`, used > 60_000_000);
});

row(
  'F33',
  'gather of 100,000, its workers killed in between',
  { workers: 2, slots: 200, timeoutMs: 400_000 },
  async (arena, findings) => {
    await arena.redis.ask((redis) => redis.config('SET', 'slowlog-log-slower-than', '50000'));
    const id = await arena.submit('blanks', { count: 100_000 });
    for (;;) {
      const share = await arena.openShare(id);
      if (share > 0 && share < 0.7) break;
    }
    findings.open(await arena.openShare(id));
    const [victim] = arena.workers;
    if (victim === undefined) throw new Error('there is no worker');
    await arena.kill(victim);
    findings.proven(`pid ${victim.pid} gone`, !victim.child.running);
    await arena.addWorker('next');
    const view = await arena.settled(id, 300_000);
    expect(view).toMatchObject({ result: 100_000, children: { total: 100_000, succeeded: 100_000 } });
    const slow = (await arena.redis.ask((redis) => redis.slowlog('GET', 1_000))) as [
      number,
      number,
      number,
      string[],
    ][];
    const calls = slow.map(
      ([, , micros, [what, ...rest]]) => `${what} ${rest[0]?.slice(0, 8)} ${Math.round(micros / 1000)} ms`,
    );
    findings.note(`${slow.length} calls of Redis took over 50 ms: ${calls.slice(0, 5).join(', ')}`);
    findings.took('slowest call of Redis', Math.max(0, ...slow.map(([, , micros]) => micros / 1000)), 50);
  },
);

row('F34', 'nested 500 deep, one slot', { workers: 1, slots: 1 }, async (arena, findings) => {
  const id = await arena.submit('depth', { left: 500 });
  findings.open(1);
  expect(await arena.settled(id, 120_000)).toMatchObject({ result: 500 });
  const sums = (await arena.client.get(id))?.children;
  findings.proven('one child below another', sums?.total === 1);
});

row(
  'F38',
  'a storm of cancels: each task three times, while they start, run and end',
  { workers: 2 },
  async (arena, findings) => {
    const trees = await Promise.all(numbers(40).map((n) => arena.submit('tidies', { count: 25 + (n % 3) })));
    await arena.ledger.until((entries) => startsIn(entries) > 300);
    findings.open(await arena.openShare(trees[39] ?? ''));
    const answers = await Promise.all([...trees, ...trees, ...trees].map((id) => arena.client.cancel(id, 'storm')));
    findings.proven(
      `${answers.length} cancels`,
      answers.every((answer) => answer !== undefined),
    );
    for (const id of trees) expect((await arena.settled(id, 60_000)).state).toBe('cancelled');
    const before = await arena.client.get(trees[0] ?? '');
    await arena.client.cancel(trees[0] ?? '', 'again');
    expect(await arena.client.get(trees[0] ?? ''), 'what has ended does not change').toEqual(before);
  },
);
