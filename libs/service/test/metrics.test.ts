import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { expose } from '../src/exposition.ts';
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
  const line = (await expose(metrics.registry)).text
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

describe('what coroutines do', () => {
  test('a gather tells its size, its time, and what it took to come together again', async () => {
    const metrics = metricsOf('worker');
    metrics.instrument.gathered?.({ ...task('crawl'), members: 1000, failed: false, openMs: 2500, fanInMs: 4 });
    metrics.instrument.gathered?.({ ...task('crawl'), members: 2, failed: true, openMs: 10, fanInMs: 1 });
    expect(await sample(metrics, 'corral_gather_members_sum')).toBe(1002);
    expect(await sample(metrics, 'corral_gather_duration_seconds_sum', { outcome: 'succeeded' })).toBe(2.5);
    expect(await sample(metrics, 'corral_gather_duration_seconds_count', { outcome: 'failed' })).toBe(1);
    expect(await sample(metrics, 'corral_gather_fanin_seconds_sum')).toBeCloseTo(0.005);
  });

  test('operations begin at 0, and are counted by their names', async () => {
    const metrics = metricsOf('worker');
    expect(await sample(metrics, 'corral_operations_total', { op: 'sleep' })).toBe(0);
    metrics.instrument.operation?.({ ...task('crawl'), op: 'sleep' });
    expect(await sample(metrics, 'corral_operations_total', { op: 'sleep' })).toBe(1);
  });

  test('slots, resumptions, replays, lost sessions, and histories that do not fit', async () => {
    const metrics = metricsOf('worker');
    metrics.worker?.register(['crawl']);
    metrics.instrument.slotUsed?.({ ...task('crawl'), ms: 1500 });
    metrics.instrument.taskResumed?.({ ...task('crawl'), waitedMs: 20 });
    metrics.instrument.replayed?.({ ...task('crawl'), steps: 12, ms: 3 });
    metrics.instrument.sessionLost?.();
    metrics.instrument.taskSettled?.({
      ...task('crawl'),
      ...{ state: 'failed', errorType: 'NonDeterminismError', ranMs: 1 },
    });
    expect(await sample(metrics, 'corral_task_slot_seconds_total', { coroutine: 'crawl' })).toBe(1.5);
    expect(await sample(metrics, 'corral_task_resume_seconds_sum')).toBe(0.02);
    expect(await sample(metrics, 'corral_replay_steps_sum')).toBe(12);
    expect(await sample(metrics, 'corral_replay_duration_seconds_sum')).toBe(0.003);
    expect(await sample(metrics, 'corral_sessions_lost_total')).toBe(1);
    expect(await sample(metrics, 'corral_nondeterminism_errors_total')).toBe(1);
  });
});

describe('OpenMetrics', () => {
  const openMetrics = (metrics: Metrics) => expose(metrics.registry, 'application/openmetrics-text;version=1.0.0');

  test('leads from slow tasks to their ids, as far as an id fits', async () => {
    const metrics = metricsOf('worker');
    const settled = { coroutine: 'crawl', state: 'succeeded', ranMs: 700 } as const;
    metrics.instrument.taskSettled?.({ ...settled, id: 't_slow' });
    metrics.instrument.taskSettled?.({ ...settled, id: 't_quick', ranMs: 1 });
    metrics.instrument.taskSettled?.({ ...settled, id: `t_${'x'.repeat(200)}`, ranMs: 2000 });
    const { contentType, text } = await openMetrics(metrics);
    expect(contentType).toContain('application/openmetrics-text');
    const exemplars = text.split('\n').filter((line) => line.includes(' # {'));
    expect(exemplars).toHaveLength(1);
    expect(exemplars[0]).toMatch(/le="1".*} 2 # \{task_id="t_slow"\} 0.7/);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  test('leads to their traces as well, whatever the id of the task', async () => {
    const metrics = metricsOf('worker');
    const id = `t_${'0'.repeat(26)}.${'A'.repeat(12)}.99999999`;
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    metrics.instrument.taskSettled?.({ id, traceId, coroutine: 'crawl', state: 'succeeded', ranMs: 700 });
    expect((await openMetrics(metrics)).text).toContain(`# {task_id="${id}",trace_id="${traceId}"} 0.7`);
  });

  test('does not change what the older format says afterwards', async () => {
    const metrics = metricsOf('worker');
    const names = (text: string) => new Set(text.match(/^# TYPE \S+/gm));
    const before = await expose(metrics.registry);
    await openMetrics(metrics);
    expect(names((await expose(metrics.registry)).text)).toEqual(names(before.text));
    expect((await openMetrics(metrics)).text).toMatch(/^corral_task_starts_total\{/m);
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
    metrics.worker?.watch(() => ({ slots: 7, running: 3, suspended: 2, longestSlotMs: 1500 }));
    expect(await sample(metrics, 'corral_worker_slots')).toBe(7);
    expect(await sample(metrics, 'corral_worker_slots_in_use')).toBe(3);
    expect(await sample(metrics, 'corral_worker_suspended_tasks')).toBe(2);
    expect(await sample(metrics, 'corral_worker_longest_slot_seconds')).toBe(1.5);
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
    expect((await expose(metricsOf('api').registry)).text).not.toContain('corral_task');
  });

  test('a blocked event loop shows in the histogram and in the monitor', async () => {
    const metrics = metricsOf('api');
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect(metrics.loop.delayMs).toBeGreaterThan(100);
  });
});
