/** Tracing by OpenTelemetry's SDK, in JSON over HTTP. Loaded by tracing.ts alone, and only when it is needed. */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.ts';
import { Spans } from './spans.ts';
import type { Tracing } from './tracing.ts';
import { version } from './version.ts';
import { withDeadline } from './with-deadline.ts';

/** The tasks of a large gather end at once; what does not fit is dropped, and the log says how many. */
const maxQueueSize = 16_384;
const scheduledDelayMillis = 1000;
const closeMs = 2000;

interface Options {
  url: string;
  traceShare: number;
  role: 'api' | 'worker';
  logger: Logger;
}

export function otlpTracing({ url, traceShare, role, logger }: Options): Tracing {
  tellTroubles(logger);
  const exporter = new OTLPTraceExporter({ url });
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize, scheduledDelayMillis });
  const spans = new Spans(processor, resourceOf(role), traceShare);
  const close = async (): Promise<void> => {
    try {
      await withDeadline(spans.close(), closeMs);
    } catch (error) {
      logger.warn({ err: error }, 'the last spans could not be sent');
    }
  };
  return { instrument: { ran: (run) => spans.ran(run) }, request: (request) => spans.request(request), close };
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word. */
const resourceOf = (role: string) =>
  defaultResource()
    .merge(resourceFromAttributes({ 'service.name': `corral-${role}`, 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }));

function tellTroubles(logger: Logger): void {
  const tell = (message: string): void => logger.warn(`tracing: ${message}`);
  const ignore = (): void => undefined;
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}
