import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { Metrics } from '../src/index.ts';

let lines = '';
const logger = pino(
  new Writable({
    write(chunk, _encoding, done) {
      lines += String(chunk);
      done();
    },
  }),
);

const made: Metrics[] = [];
function metricsOf(role: 'api' | 'worker', maxCoroutines = 100): Metrics {
  const metrics = new Metrics({ role, logger, maxCoroutines });
  made.push(metrics);
  return metrics;
}
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.loop.stop();
  lines = '';
});

async function sample(metrics: Metrics, name: string, labels: Record<string, string> = {}): Promise<number> {
  const line = (await metrics.registry.metrics())
    .split('\n')
    .find(
      (text) =>
        (text.startsWith(`${name}{`) || text.startsWith(`${name} `)) &&
        Object.entries(labels).every(([label, value]) => text.includes(`${label}="${value}"`)),
    );
  return Number(line?.split(' ').at(-1));
}

const task = (coroutine: string) => ({ id: 't_1', coroutine });

describe('tasks', () => {
  test('a first run counts its wait in the queue, a recovered one does not', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['crawl']);
    const started = { ...task('crawl'), queuedMs: 250, replayed: false };
    metrics.instrument.taskStarted?.({ ...started, attempt: 1 });
    metrics.instrument.taskStarted?.({ ...started, attempt: 2 });
    metrics.instrument.taskStarted?.({ ...started, attempt: 1, replayed: true });
    expect(await sample(metrics, 'corral_task_starts_total', { coroutine: 'crawl', reason: 'first' })).toBe(1);
    expect(await sample(metrics, 'corral_task_starts_total', { coroutine: 'crawl', reason: 'recovered' })).toBe(2);
    expect(await sample(metrics, 'corral_task_queue_seconds_count', { coroutine: 'crawl' })).toBe(1);
    expect(await sample(metrics, 'corral_task_queue_seconds_sum', { coroutine: 'crawl' })).toBe(0.25);
  });

  test('the end of a task counts its outcome, its seconds and the type of its error', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['crawl']);
    metrics.instrument.taskSettled?.({ ...task('crawl'), state: 'succeeded', ranMs: 1500 });
    metrics.instrument.taskSettled?.({ ...task('crawl'), state: 'failed', errorType: 'HTTPError', ranMs: 10 });
    const labels = { coroutine: 'crawl', outcome: 'succeeded' };
    expect(await sample(metrics, 'corral_task_finished_total', labels)).toBe(1);
    expect(await sample(metrics, 'corral_task_duration_seconds_sum', labels)).toBe(1.5);
    expect(await sample(metrics, 'corral_task_errors_total', { coroutine: 'crawl', type: 'HTTPError' })).toBe(1);
  });

  test('counters of a registered coroutine begin at 0', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['crawl']);
    for (const outcome of ['succeeded', 'failed', 'cancelled'])
      expect(await sample(metrics, 'corral_task_finished_total', { coroutine: 'crawl', outcome })).toBe(0);
    expect(await sample(metrics, 'corral_fenced_writes_total', { coroutine: 'crawl' })).toBe(0);
  });
});

describe('labels are bounded', () => {
  test('names that are not registered, and those beyond the limit, share one value', async () => {
    const metrics = metricsOf('worker', 3); // one place is for the names that share
    metrics.worker?.register(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c', 'never-heard-of'])
      metrics.instrument.taskSettled?.({ ...task(name), state: 'succeeded', ranMs: 1 });
    const finished = (coroutine: string) =>
      sample(metrics, 'corral_task_finished_total', { coroutine, outcome: 'succeeded' });
    expect(await finished('a')).toBe(1);
    expect(await finished('b')).toBe(1);
    expect(await finished('_OTHER')).toBe(2);
    expect(await finished('c')).toBeNaN();
  });

  test('types of errors as well', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['a']);
    for (let i = 0; i < 60; i++)
      metrics.instrument.taskSettled?.({ ...task('a'), state: 'failed', errorType: `E${i}`, ranMs: 1 });
    expect(await sample(metrics, 'corral_task_errors_total', { coroutine: 'a', type: '_OTHER' })).toBe(10);
  });
});

describe('debug mode', () => {
  const finding = { id: 't_1', coroutine: 'crawl', place: 'crawl.ts:1:2', count: 3, error: undefined };

  test.each([
    ['slowStep', 'corral_slow_steps_total'],
    ['neverRetrieved', 'corral_exceptions_never_retrieved_total'],
    ['neverAwaited', 'corral_coroutines_never_awaited_total'],
    ['destroyedPending', 'corral_tasks_destroyed_pending_total'],
  ] as const)('%s is counted, and is one line with coroutine, task and place', async (kind, name) => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['crawl']);
    expect(await sample(metrics, name, { coroutine: 'crawl' })).toBe(0);
    metrics.instrument.found?.({ ...finding, kind, message: 'what happened', error: new RangeError('no') });
    expect(await sample(metrics, name, { coroutine: 'crawl' })).toBe(3);
    expect(lines.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(lines)).toMatchObject({
      ...{ level: 40, msg: 'what happened', task: 't_1', coroutine: 'crawl', place: 'crawl.ts:1:2' },
      err: { message: 'no' },
    });
  });
});

describe('the rest', () => {
  test('gauges of a worker read its statistics', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.watch(() => ({ slots: 7, running: 3, suspended: 2 }));
    expect(await sample(metrics, 'corral_worker_slots')).toBe(7);
    expect(await sample(metrics, 'corral_worker_slots_in_use')).toBe(3);
    expect(await sample(metrics, 'corral_worker_suspended_tasks')).toBe(2);
  });

  test('calls of the store', async () => {
    const metrics = metricsOf('api');
    metrics.instrument.storeCall?.({ method: 'submit', items: 10, ms: 2, failed: false });
    metrics.instrument.storeCall?.({ method: 'submit', items: 1, ms: 2, failed: true });
    expect(await sample(metrics, 'corral_store_call_seconds_count', { method: 'submit' })).toBe(2);
    expect(await sample(metrics, 'corral_store_items_total', { method: 'submit' })).toBe(11);
    expect(await sample(metrics, 'corral_store_errors_total', { method: 'submit' })).toBe(1);
  });

  test('a warning is counted and logged with its error', async () => {
    const metrics = metricsOf('worker');
    metrics.instrument.warning?.('a hint was lost', new Error('cut'));
    expect(await sample(metrics, 'corral_warnings_total')).toBe(1);
    expect(JSON.parse(lines)).toMatchObject({ level: 40, msg: 'a hint was lost', err: { message: 'cut' } });
  });

  test('the API has no metrics of tasks', async () => {
    expect(await metricsOf('api').registry.metrics()).not.toContain('corral_task');
  });

  test('a blocked event loop shows in the histogram and in the monitor', async () => {
    const metrics = metricsOf('api');
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect(metrics.loop.delayMs).toBeGreaterThan(100);
  });
});
