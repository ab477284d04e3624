/**
 * Spans as OpenTelemetry has them: which name, kind, attributes and status a request and a run get, by its semantic
 * conventions for HTTP servers and for consumers of messages.
 *
 * The ids of the spans of tasks are the scheduler's (its contract/trace.ts), and such a span is made when the run has ended.
 */
import { type EndedRun, rootOf, spanIdOf, type TaskView, type TraceContext, traceIdOf } from '@corral/scheduler';
import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  ParentBasedSampler,
  RandomIdGenerator,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { RequestSpan } from './tracing.ts';
import { version } from './version.ts';

class SpanIds extends RandomIdGenerator {
  /** Of the span that is made now, unless it is any. */
  given: string | undefined;

  override generateSpanId(): string {
    return this.given ?? super.generateSpanId();
  }
}

export class Spans {
  readonly #ids = new SpanIds();
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  /** `share`: of the traces that begin here. For others, whoever began them has decided. */
  constructor(processor: SpanProcessor, resource: Resource, share: number) {
    const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) });
    this.#provider = new TracerProvider({ spanProcessors: [processor], resource, sampler, idGenerator: this.#ids });
    this.#tracer = this.#provider.getTracer('corral', version);
  }

  request({ method, path, given }: { method: string; path: string; given: TraceContext | undefined }): RequestSpan {
    const attributes = { 'http.request.method': method, 'url.path': path, 'url.scheme': 'http' };
    const parent = given === undefined ? ROOT_CONTEXT : below(given, given.traceparent.slice(36, 52));
    return new ServerSpan(this.#tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent), method);
  }

  ran(run: EndedRun): void {
    const { id, coroutine, errorType, end, startedAt } = run;
    const attributes = {
      'messaging.system': 'corral',
      'messaging.operation.type': 'process',
      'messaging.operation.name': 'run',
      'messaging.destination.name': coroutine,
      'messaging.message.id': id,
      'corral.tree': rootOf(id),
      'corral.worker': run.worker,
      'corral.attempt': run.attempt,
      'corral.failures': run.failures,
      'corral.end': end,
      ...(end === 'left' && run.reason !== undefined ? { 'corral.reason': run.reason } : {}),
      ...(errorType === undefined ? {} : { 'error.type': errorType }),
    };
    const options = { kind: SpanKind.CONSUMER, attributes, startTime: startedAt };
    this.#ids.given = run.spanId;
    const span = this.#tracer.startSpan(`run ${coroutine}`, options, below(run.trace, run.parentSpanId));
    this.#ids.given = undefined;
    if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: errorType });
    // By the clocks of two machines it may have ended before it began.
    span.end(Math.max(startedAt, run.endedAt));
  }

  close(): Promise<void> {
    return this.#provider.shutdown();
  }
}

class ServerSpan implements RequestSpan {
  readonly context: TraceContext;
  readonly #span: Span;
  readonly #method: string;

  constructor(span: Span, method: string) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const tracestate = traceState?.serialize();
    this.#span = span;
    this.#method = method;
    this.context = {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      ...(tracestate ? { tracestate } : {}),
    };
  }

  about({ id, traceId }: TaskView): void {
    this.#span.setAttribute('corral.task', id);
    // A cancel, a look, a submit that came before: the task belongs to another trace.
    if (traceId !== undefined && traceId !== traceIdOf(this.context))
      this.#span.addLink({ context: { traceId, spanId: spanIdOf(id), traceFlags: 1 } });
  }

  end({ route, status }: { route: string | undefined; status: number }): void {
    if (route !== undefined) this.#span.updateName(`${this.#method} ${route}`).setAttribute('http.route', route);
    this.#span.setAttribute('http.response.status_code', status);
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status));
    this.#span.end();
  }
}

/** Where a span is made that has this parent. */
function below({ traceparent, tracestate }: TraceContext, spanId: string): Context {
  const parent: SpanContext = {
    traceId: traceparent.slice(3, 35),
    spanId,
    traceFlags: Number.parseInt(traceparent.slice(53), 16),
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}
