/** Traces and logs of a cluster of real processes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { type LocalRedis, localRedis } from '../../scripts/local-redis.ts';
import { Program } from './program.ts';
import { receiveSpans, type SpanReceiver } from './spans.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'corral-tracing-'));
const coroutines = join(home, 'coroutines');
let redis: LocalRedis;
let receiver: SpanReceiver;

const source = `
  import { coroutine } from '@corral/scheduler';
  const leaf = coroutine('leaf', async (loop, { ms }) => { await loop.sleep(ms); return loop.traceHeaders.traceparent; });
  const fan = coroutine('fan', async (loop, { count }) =>
    loop.gather(Array.from({ length: count }, () => leaf({ ms: 100 }))));
  const slow = coroutine('slow', async (loop) => {
    const before = await loop.gather([leaf({ ms: 1 }), leaf({ ms: 1 })]);
    await loop.sleep(3000);
    return before;
  });
  const busy = coroutine('busy', async (loop, { secret }) => {
    loop.log(secret);
    loop.progress(secret);
    loop.context.set('secret', secret);
    await loop.step(secret, () => secret);
    await loop.gather([fails({ secret })], { returnExceptions: true });
    return secret;
  });
  const fails = coroutine('fails', async (loop, { secret }) => {
    throw new RangeError(secret, { cause: { secret } });
  }, { retry: { attempts: 2, initialMs: 1 } });
  export { busy, fails, fan, leaf, slow };`;

beforeAll(async () => {
  redis = await localRedis({ home, persist: false, say: console.error });
  receiver = await receiveSpans();
  mkdirSync(coroutines);
  writeFileSync(join(coroutines, 'tree.ts'), source);
});
afterAll(async () => {
  await receiver.close();
  await redis.stop();
  rmSync(home, { recursive: true });
});

let clusters = 0;
async function cluster(workers: number, more: NodeJS.ProcessEnv = {}) {
  const env = { REDIS_URL: redis.url, CORRAL_PREFIX: `tracing-${++clusters}`, CORRAL_COROUTINES: coroutines, ...more };
  const port = await freePort();
  const api = new Program('npm', ['run', 'api'], { cwd: root, env: { ...env, PORT: String(port) } });
  const started = Array.from({ length: workers }, () => new Program('npm', ['run', 'worker'], { cwd: root, env }));
  await api.printed(/api listening/);
  for (const worker of started) await worker.printed(/worker ready/);
  const ask = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const post = { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
    const init = { headers: { 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : post) };
    return (await (await fetch(`http://127.0.0.1:${port}${path}`, init)).json()) as Record<string, unknown>;
  };
  return { api, workers: started, ask };
}

const caller = 'b7ad6b7169203331';
const newTrace = () => {
  const traceId = crypto.randomUUID().replaceAll('-', '');
  const of = () => receiver.spans.filter((span) => span.traceId === traceId);
  const named = (name: string) => of().filter((span) => span.name === name);
  return { traceId, of, named, headers: { traceparent: `00-${traceId}-${caller}-01` } };
};
const waitFor = (check: () => unknown) => expect.poll(check, { timeout: 20_000 });

describe('with an endpoint', () => {
  test('a gather on two workers is one trace, from the caller down to each member', async () => {
    const { ask } = await cluster(2, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, WORKER_SLOTS: '5' });
    const trace = newTrace();
    const task = await ask('/v1/tasks?waitMs=20000', { coroutine: 'fan', args: { count: 20 } }, trace.headers);
    expect(task).toMatchObject({ state: 'succeeded', traceId: trace.traceId });
    await waitFor(() => trace.of().length).toBe(22);

    const [request] = trace.named('POST /v1/tasks');
    expect(request).toMatchObject({ parentSpanId: caller, kind: 2, service: 'corral-api' });
    expect(request?.attributes).toMatchObject({ 'http.response.status_code': 200, 'corral.task': task['id'] });
    const [fan] = trace.named('run fan');
    expect(fan).toMatchObject({ parentSpanId: request?.spanId, kind: 5, service: 'corral-worker' });
    expect(fan?.attributes).toMatchObject({ 'messaging.message.id': task['id'], 'corral.end': 'succeeded' });
    const leaves = trace.named('run leaf');
    expect(leaves.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(20).fill(fan?.spanId));
    expect(new Set(leaves.map(({ attributes }) => attributes['corral.worker'])).size).toBe(2);
    const carried = new Set(leaves.map(({ spanId }) => `00-${trace.traceId}-${spanId}-01`));
    expect(new Set(task['result'] as string[])).toEqual(carried);
  });

  test('after its worker was killed, the next attempt is the span that all that it created is below', async () => {
    const { ask, workers } = await cluster(2, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const trace = newTrace();
    const { id } = await ask('/v1/tasks', { coroutine: 'slow' }, trace.headers);
    await waitFor(() => trace.named('run leaf').length).toBe(2);
    const { worker } = await ask(`/v1/tasks/${id}`);
    const victim = workers.find(({ output }) => output.includes(`"worker":"${worker}"`));
    await victim?.kill();
    expect(await ask(`/v1/tasks/${id}?waitMs=20000`)).toMatchObject({ state: 'succeeded', attempt: 2 });
    await waitFor(() => trace.named('run slow').length).toBe(1);

    const [slow] = trace.named('run slow');
    const [request] = trace.named('POST /v1/tasks');
    expect(slow).toMatchObject({ parentSpanId: request?.spanId, attributes: { 'corral.attempt': 2 } });
    expect(slow?.attributes['corral.worker']).not.toBe(worker);
    expect(trace.named('run leaf').map(({ parentSpanId }) => parentSpanId)).toEqual([slow?.spanId, slow?.spanId]);
  });

  test('a process that ends has sent its last spans, and one whose receiver is away ends all the same', async () => {
    const there = await cluster(1, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const trace = newTrace();
    await there.ask('/v1/tasks?waitMs=20000', { coroutine: 'leaf', args: { ms: 1 } }, trace.headers);
    for (const program of [there.api, ...there.workers]) {
      program.signal('SIGTERM');
      expect(await program.ended).toEqual({ code: 0, signal: null });
    }
    expect(trace.of().map(({ name }) => name)).toEqual(expect.arrayContaining(['POST /v1/tasks', 'run leaf']));

    const away = await cluster(1, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
    expect(await away.ask('/v1/tasks?waitMs=20000', { coroutine: 'leaf', args: { ms: 1 } })).toMatchObject({
      state: 'succeeded',
    });
    for (const program of [away.api, ...away.workers]) {
      program.signal('SIGTERM');
      expect(await program.ended).toEqual({ code: 0, signal: null });
    }
  });
});

describe('without an endpoint', () => {
  test("no process loads anything of OpenTelemetry's SDK, and the trace goes through the tree all the same", async () => {
    const hook = join(home, 'loaded.mjs'); // also in the Node of npm, which may be older
    writeFileSync(
      hook,
      `import module from 'node:module';
       module.registerHooks?.({ load(url, context, next) {
         if (/@opentelemetry\\/(?!api\\/)/.test(url)) console.log('LOADED ' + url);
         return next(url, context);
       } });`,
    );
    const { api, workers, ask } = await cluster(1, { NODE_OPTIONS: `--import=${hook}` });
    const trace = newTrace();
    const task = await ask('/v1/tasks?waitMs=20000', { coroutine: 'fan', args: { count: 2 } }, trace.headers);
    expect(task).toMatchObject({ state: 'succeeded', traceId: trace.traceId });
    expect(task['result']).toEqual(
      Array(2).fill(expect.stringMatching(new RegExp(`^00-${trace.traceId}-(?!${caller})[0-9a-f]{16}-01$`))),
    );
    for (const { output } of [api, ...workers]) expect(output).not.toContain('LOADED');
    expect(trace.of()).toEqual([]);
    const traced = await cluster(1, { NODE_OPTIONS: `--import=${hook}`, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    for (const program of [traced.api, ...traced.workers]) await program.printed(/LOADED .*sdk-trace/);
  });
});

describe('logs at the level trace', () => {
  test.each(['0', '1'])('name tasks and traces, and say nothing of payloads (LOG_PRETTY=%s)', async (pretty) => {
    const secret = 'tell-nobody-4711';
    const { api, workers, ask } = await cluster(1, { LOG_LEVEL: 'trace', LOG_PRETTY: pretty });
    const trace = newTrace();
    const submit = (body: unknown) => ask('/v1/tasks?waitMs=20000', body, trace.headers);
    const task = await submit({ coroutine: 'busy', args: { secret }, options: { name: secret } });
    expect(task).toMatchObject({ state: 'succeeded', result: secret });
    expect(await submit({ coroutine: 'fails', args: { secret } })).toMatchObject({ state: 'failed' });
    expect(await ask('/v1/programs?waitMs=20000', { program: { return: secret } })).toMatchObject({ result: secret });
    const { id } = await ask('/v1/tasks', { coroutine: 'leaf', args: { ms: 60_000, secret } });
    await ask(`/v1/tasks/${id}/cancel`, { message: secret });
    expect(await ask(`/v1/tasks/${id}?waitMs=20000`)).toMatchObject({ state: 'cancelled' });
    expect(await ask('/v1/tasks', `{"coroutine": "busy", "args": ${secret}`)).toMatchObject({ status: 400 });
    expect(await ask('/v1/tasks', { coroutine: 'busy', [secret]: secret })).toMatchObject({ status: 400 });

    const [worker] = workers as [Program];
    await worker.printed(/task cancelled/);
    for (const { output } of [api, worker]) {
      expect(output).toContain(trace.traceId);
      expect(output).not.toContain(secret);
    }
    if (pretty === '1') return;
    const lines = worker.output.split('\n').filter((line) => line.startsWith('{'));
    const about = lines.map((line) => JSON.parse(line)).filter((line) => line.tree === task['id']);
    expect(about).toContainEqual(
      expect.objectContaining({
        task: task['id'],
        worker: task['worker'],
        trace_id: trace.traceId,
        msg: 'task succeeded',
      }),
    );
  });
});

test('a submit that is sent again with its key belongs to the trace of the first, which the second is linked to', async () => {
  const { ask } = await cluster(1, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  const [first, second] = [newTrace(), newTrace()];
  const submit = ({ headers }: { headers: Record<string, string> }) =>
    ask('/v1/tasks', { coroutine: 'leaf', args: { ms: 1 } }, { ...headers, 'idempotency-key': 'once' });
  const { id } = await submit(first);
  expect(await submit(second)).toMatchObject({ id, traceId: first.traceId });
  await waitFor(() => second.of().length).toBe(1);
  expect(second.of()[0]).toMatchObject({ links: [{ traceId: first.traceId }] });
});
