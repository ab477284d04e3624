/** Which spans requests and runs become, and that nothing of this is there without an endpoint. */
import { execFileSync } from 'node:child_process';
import type { EndedRun, TaskView } from '@corral/scheduler';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startTracing } from '../src/index.ts';
import { Spans } from '../src/spans.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = 'b7ad6b7169203331';
const trace = { traceparent: `00-${traceId}-${caller}-01`, tracestate: 'vendor=1' };
const root = `t_${'0'.repeat(26)}`;

function spansOf(share = 1) {
  const exporter = new InMemorySpanExporter();
  const spans = new Spans(new SimpleSpanProcessor({ exporter }), emptyResource(), share);
  return { spans, finished: () => exporter.getFinishedSpans() };
}

const run = (fields: Partial<EndedRun> = {}): EndedRun => ({
  ...{ id: `${root}.ABCDEFGHJKMN.3`, coroutine: 'crawl', worker: 'w-1', attempt: 2, failures: 1, trace },
  ...{ spanId: '00f067aa0ba902b7', parentSpanId: '53995c3f42cd8ad8', startedAt: 1_700_000_000_000 },
  ...{ endedAt: 1_700_000_001_500, end: 'succeeded', errorType: undefined, reason: undefined },
  ...fields,
});

describe('a run', () => {
  test('is the span that the scheduler says it is', () => {
    const { spans, finished } = spansOf();
    spans.ran(run());
    const [span] = finished();
    expect(span).toMatchObject({ name: 'run crawl', kind: SpanKind.CONSUMER, status: { code: SpanStatusCode.UNSET } });
    expect(span?.spanContext()).toMatchObject({ traceId, spanId: '00f067aa0ba902b7' });
    expect(span?.spanContext().traceState?.serialize()).toBe('vendor=1');
    expect(span?.parentSpanContext?.spanId).toBe('53995c3f42cd8ad8');
    expect([span?.startTime, span?.duration]).toEqual([
      [1_700_000_000, 0],
      [1, 500_000_000],
    ]);
    expect(span?.attributes).toEqual({
      'messaging.system': 'corral',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'run',
      'messaging.destination.name': 'crawl',
      'messaging.message.id': `${root}.ABCDEFGHJKMN.3`,
      'corral.tree': root,
      'corral.worker': 'w-1',
      'corral.attempt': 2,
      'corral.failures': 1,
      'corral.end': 'succeeded',
    });
  });

  test.each([
    ['failed', SpanStatusCode.ERROR, { 'error.type': 'RangeError' }],
    ['retried', SpanStatusCode.ERROR, { 'error.type': 'RangeError' }],
    ['cancelled', SpanStatusCode.UNSET, {}],
    ['left', SpanStatusCode.UNSET, { 'corral.reason': 'parked' }],
  ] as const)('that ended as %s has the status %s', (end, code, attributes) => {
    const { spans, finished } = spansOf();
    const errorType = code === SpanStatusCode.ERROR ? 'RangeError' : undefined;
    spans.ran(run({ end, errorType, reason: end === 'left' ? 'parked' : undefined }));
    expect(finished()[0]).toMatchObject({ status: { code }, attributes: { 'corral.end': end, ...attributes } });
  });

  test('of a trace that is not sampled is no span', () => {
    const { spans, finished } = spansOf();
    spans.ran(run({ trace: { traceparent: `00-${traceId}-${caller}-00` } }));
    expect(finished()).toEqual([]);
  });

  test('that ended before it began, by two clocks, took no time', () => {
    const { spans, finished } = spansOf();
    spans.ran(run({ endedAt: 1_699_999_999_000 }));
    expect(finished()[0]?.duration).toEqual([0, 0]);
  });
});

describe('a request', () => {
  const request = { method: 'POST', path: '/v1/tasks' };

  test('is below its caller, and what it submits is below the request', () => {
    const { spans, finished } = spansOf();
    const span = spans.request({ ...request, given: trace });
    span.end({ route: '/v1/tasks', status: 202 });
    const [done] = finished();
    const { spanId = '' } = done?.spanContext() ?? {};
    expect(span.context).toEqual({ traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'vendor=1' });
    expect(done).toMatchObject({
      name: 'POST /v1/tasks',
      kind: SpanKind.SERVER,
      parentSpanContext: { spanId: caller },
      attributes: { 'http.route': '/v1/tasks', 'http.response.status_code': 202, 'url.path': '/v1/tasks' },
      status: { code: SpanStatusCode.UNSET },
    });
  });

  test('begins a trace when it came with none, and an answer from 500 on is an error', () => {
    const { spans, finished } = spansOf();
    const span = spans.request({ ...request, given: undefined });
    span.end({ route: undefined, status: 503 });
    const [done] = finished();
    expect(done?.parentSpanContext).toBeUndefined();
    expect(span.context.traceparent).toBe(`00-${done?.spanContext().traceId}-${done?.spanContext().spanId}-01`);
    expect(done).toMatchObject({ name: 'POST', status: { code: SpanStatusCode.ERROR } });
  });

  test('of a share that is not sent still hands its trace on, as not sampled', () => {
    const { spans, finished } = spansOf(0);
    const span = spans.request({ ...request, given: undefined });
    span.end({ route: '/v1/tasks', status: 202 });
    expect(span.context.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(finished()).toEqual([]);
  });

  test('about a task of another trace is linked to it', () => {
    const { spans, finished } = spansOf();
    const span = spans.request({ ...request, given: undefined });
    span.about({ id: root, traceId } as TaskView);
    span.end({ route: '/v1/tasks/:id/cancel', status: 202 });
    expect(finished()[0]).toMatchObject({ attributes: { 'corral.task': root }, links: [{ context: { traceId } }] });
  });
});

describe('without an endpoint', () => {
  test('there is no tracing', async () => {
    expect(await startTracing({ traceShare: 1 }, 'api', pino({ level: 'silent' }))).toBeUndefined();
  });

  test("nothing of OpenTelemetry's SDK is loaded", () => {
    const loaded = (env: Record<string, string>): string =>
      execFileSync(process.execPath, ['--conditions=@corral/source', '--input-type=module', '--eval', program], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
        cwd: import.meta.dirname,
      });
    expect(loaded({})).toBe('');
    expect(loaded({ OTLP: 'http://127.0.0.1:1' })).toContain('@opentelemetry/sdk-trace');
  });
});

/** Prints what is loaded from the SDK; the API alone is loaded by prom-client. */
const program = `
  import { registerHooks } from 'node:module';
  const seen = new Set();
  registerHooks({
    load(url, context, next) {
      const [, name] = /node_modules\\/(@opentelemetry\\/[^/]+)/.exec(url) ?? [];
      if (name !== undefined && name !== '@opentelemetry/api') seen.add(name);
      return next(url, context);
    },
  });
  const { startTracing } = await import('../src/tracing.ts');
  await import('../src/metrics.ts');
  const tracing = await startTracing({ otlpEndpoint: process.env.OTLP, traceShare: 1 }, 'api', { warn() {} });
  process.stdout.write([...seen].join(' '));
  await tracing?.close();
`;
