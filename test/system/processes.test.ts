/** `npm run api` and `npm run worker`, as processes of their own on a real Redis. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { type LocalRedis, localRedis } from '../../scripts/local-redis.ts';
import { Program } from './program.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'corral-system-'));
let redis: LocalRedis;
beforeAll(async () => {
  redis = await localRedis({ home, persist: false, say: console.error });
});
afterAll(async () => {
  await redis.stop();
  rmSync(home, { recursive: true });
});

let prefixes = 0;
/** What one test needs for a cluster that no other test sees. */
function clusterOfItsOwn(files: Record<string, string> = {}) {
  const coroutines = mkdtempSync(join(home, 'coroutines-'));
  for (const [name, source] of Object.entries(files)) writeFileSync(join(coroutines, name), source);
  const env = { REDIS_URL: redis.url, CORRAL_PREFIX: `system-${++prefixes}`, CORRAL_COROUTINES: coroutines };
  const run = (...args: string[]) => new Program('npm', ['run', ...args], { cwd: root, env });
  return {
    coroutines,
    env,
    worker: (...args: string[]) => run('worker', '--', ...args),
    async api() {
      const port = await freePort();
      const program = new Program('npm', ['run', 'api'], { cwd: root, env: { ...env, PORT: String(port) } });
      await program.printed(/api listening/);
      return { program, url: `http://127.0.0.1:${port}` };
    },
  };
}

const hello = (answer: string): string => `
  import { coroutine } from '@corral/scheduler';
  export const hello = coroutine('hello', async () => '${answer}');`;

async function call(api: string, coroutine: string, args: unknown = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`${api}/v1/tasks?waitMs=10000`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ coroutine, args }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('a worker ends on %s with exit code 0', async (signal) => {
    const worker = clusterOfItsOwn().worker();
    const [, url] = await worker.printed(/health and metrics on (http:[^"]+)/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    worker.signal(signal);
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(worker.output).toContain('"closed"');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('the API ends on %s with exit code 0', async (signal) => {
    const { program } = await clusterOfItsOwn().api();
    program.signal(signal);
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test('Ctrl-C, which reaches npm and the worker alike, ends it with exit code 0 too', async () => {
    const worker = clusterOfItsOwn().worker();
    await worker.printed(/worker ready/);
    worker.interrupt();
    await worker.ended;
    expect(worker.output).toContain('"closed"');
    expect(worker.family()).toEqual([]);
  });

  test('a worker that is drained gives its tasks to another one', async () => {
    const cluster = clusterOfItsOwn();
    const first = cluster.worker();
    await first.printed(/worker ready/);
    const { url } = await cluster.api();
    const submitted = await fetch(`${url}/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ coroutine: 'sleep', args: { ms: 3000, result: 'slept' } }),
    });
    const { id } = (await submitted.json()) as { id: string };
    const view = async (): Promise<Record<string, unknown>> =>
      (await (await fetch(`${url}/v1/tasks/${id}?waitMs=10000`)).json()) as Record<string, unknown>;
    await expect
      .poll(async () => ((await (await fetch(`${url}/v1/tasks/${id}`)).json()) as { state: string }).state, {
        timeout: 5000,
      })
      .toBe('suspended');
    first.signal('SIGTERM');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    await cluster.worker().printed(/worker ready/);
    expect(await view()).toMatchObject({ state: 'succeeded', result: 'slept' });
  });
});

describe('coroutine files', () => {
  test('one that does not load keeps the worker from starting, with file and line', async () => {
    const cluster = clusterOfItsOwn({ 'broken.ts': 'const a = 1;\nenum Color { red }\n' });
    const worker = cluster.worker();
    expect((await worker.ended).code).toBe(1);
    expect(worker.output).toContain(join(cluster.coroutines, 'broken.ts:2: TypeScript enum is not supported'));
  });

  test('with --watch a change runs at once, and a broken one leaves the last good version', async () => {
    const cluster = clusterOfItsOwn({ 'hello.ts': hello('one') });
    const worker = cluster.worker('--watch');
    await worker.printed(/worker ready/);
    const { url } = await cluster.api();
    expect(await call(url, 'hello')).toMatchObject({ state: 'succeeded', result: 'one' });

    writeFileSync(join(cluster.coroutines, 'hello.ts'), hello('two'));
    await worker.printed(/coroutines loaded[\s\S]*coroutines loaded/);
    expect(await call(url, 'hello')).toMatchObject({ result: 'two' });

    writeFileSync(join(cluster.coroutines, 'hello.ts'), 'enum A {}');
    await worker.printed(/the last good version stays in use/);
    expect(await call(url, 'hello')).toMatchObject({ result: 'two' });

    writeFileSync(join(cluster.coroutines, 'new.ts'), hello('three').replaceAll('hello', 'fresh'));
    writeFileSync(join(cluster.coroutines, 'hello.ts'), hello('four'));
    await worker.printed(/(coroutines loaded[\s\S]*){3}/);
    expect(await call(url, 'hello')).toMatchObject({ result: 'four' });
    expect(await call(url, 'fresh')).toMatchObject({ result: 'three' });
  });
});

test('a promise that a coroutine left behind is logged when it is rejected, and ends nothing', async () => {
  const cluster = clusterOfItsOwn({
    'careless.ts': `
      import { coroutine } from '@corral/scheduler';
      export const careless = coroutine('careless', async () => {
        void Promise.reject(new Error('nobody heard this'));
        return 'done';
      });`,
  });
  const worker = cluster.worker();
  const { url } = await cluster.api();
  expect(await call(url, 'careless')).toMatchObject({ result: 'done' });
  await worker.printed(/nobody heard this/);
  expect(await call(url, 'careless')).toMatchObject({ result: 'done' });
});

describe('what a person may get wrong', () => {
  test('settings: all of it in one message', async () => {
    const worker = new Program('npm', ['run', 'worker'], {
      cwd: root,
      env: { WORKER_SLOTS: 'abc', CORRAL_QUEUES: '0' },
    });
    expect((await worker.ended).code).toBe(1);
    expect(worker.output).toContain(
      'CORRAL_QUEUES="0": expected an integer from 1 to 64\nWORKER_SLOTS="abc": expected',
    );
  });

  test('an argument that there is not', async () => {
    const worker = clusterOfItsOwn().worker('--wacth');
    expect((await worker.ended).code).toBe(1);
    expect(worker.output).toContain('usage: npm run worker [-- --watch]');
  });

  test('a Redis that does not answer', async () => {
    const env = { REDIS_URL: `redis://:secret@127.0.0.1:${await freePort()}` };
    const worker = new Program('npm', ['run', 'worker'], { cwd: root, env });
    expect((await worker.ended).code).toBe(1);
    expect(worker.output).toMatch(/REDIS_URL/);
    expect(worker.output).not.toContain('secret');
  });

  test('a port that is taken', async () => {
    const { url } = await clusterOfItsOwn().api();
    const env = { REDIS_URL: redis.url, WORKER_PORT: new URL(url).port };
    const worker = new Program('npm', ['run', 'worker'], { cwd: root, env });
    expect((await worker.ended).code).toBe(1);
    expect(worker.output).toContain(`WORKER_PORT=${env.WORKER_PORT} is in use by another process`);
  });

  test('a misspelt variable is warned about', async () => {
    const { env } = clusterOfItsOwn();
    const worker = new Program('npm', ['run', 'worker'], { cwd: root, env: { ...env, CORRAL_QUEUE: '2' } });
    await worker.printed(/CORRAL_QUEUE is no setting of Corral and has no effect; did you mean CORRAL_QUEUES\?/);
    await worker.printed(/worker ready/);
  });
});
