/**
 * Spans of requests and of tasks, sent to whatever speaks OTLP. Without an endpoint there is no tracing, and nothing of
 * OpenTelemetry's SDK is loaded; trace contexts that come with requests are passed on all the same.
 */
import type { Instrument, TaskView, TraceContext } from '@corral/scheduler';
import type { Logger } from './logger.ts';

export interface RequestSpan {
  /** What is done for the request is below its span. */
  readonly context: TraceContext;
  /** The answer is about this task. */
  about(task: TaskView): void;
  end(answer: { route: string | undefined; status: number }): void;
}

export interface Tracing {
  readonly instrument: Pick<Instrument, 'ran'>;
  /** `given`: the trace context of the request, if it came with one. */
  request(request: { method: string; path: string; given: TraceContext | undefined }): RequestSpan;
  /** Sends what is left, and gives up after a few seconds. */
  close(): Promise<void>;
}

export interface TracingSettings {
  /** Base URL of an OTLP/HTTP receiver. */
  otlpEndpoint?: string | undefined;
  /** URL for traces alone; it is used as it is. */
  otlpTracesEndpoint?: string | undefined;
  /** Share of the traces that begin here. */
  traceShare: number;
}

export async function startTracing(
  { otlpEndpoint, otlpTracesEndpoint, traceShare }: TracingSettings,
  role: 'api' | 'worker',
  logger: Logger,
): Promise<Tracing | undefined> {
  const url = otlpTracesEndpoint ?? (otlpEndpoint && `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`);
  if (url === undefined) return undefined;
  const { otlpTracing } = await import('./otlp-tracing.ts');
  return otlpTracing({ url, traceShare, role, logger });
}
