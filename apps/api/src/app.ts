import { type Health, type Logger, type Metrics, NestLogger, opsModule, type Tracing } from '@corral/service';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.ts';
import { type ApiClient, CLIENT } from './client.ts';
import { serveOpenApi } from './openapi.ts';
import { ProblemFilter } from './problem/problem.filter.ts';
import { ValidationPipe } from './problem/validation.pipe.ts';
import { createAdapter } from './server/adapter.ts';
import { measureRequests } from './server/request-metrics.ts';
import { traceRequests } from './server/request-trace.ts';
import { RouteTable } from './server/route-table.ts';
import { EventStreams, MAX_EVENT_STREAMS } from './tasks/event-streams.ts';
import { LongPolls, MAX_WAIT_MS } from './tasks/long-polls.ts';

export interface AppParts {
  client: ApiClient;
  metrics: Metrics;
  health: Health;
  logger: Logger;
  tracing?: Tracing | undefined;
  bodyLimitBytes: number;
  maxWaitMs: number;
  maxEventStreams: number;
}

/** The whole API, ready to listen. */
export async function createApp(parts: AppParts): Promise<NestFastifyApplication> {
  const adapter = createAdapter(parts.logger, parts.bodyLimitBytes);
  traceRequests(adapter.getInstance(), parts.tracing);
  const routes = new RouteTable(adapter.getInstance());
  const module = {
    module: AppModule,
    imports: [opsModule(parts.metrics, parts.health)],
    providers: [
      { provide: CLIENT, useValue: parts.client },
      { provide: MAX_WAIT_MS, useValue: parts.maxWaitMs },
      { provide: MAX_EVENT_STREAMS, useValue: parts.maxEventStreams },
      { provide: RouteTable, useValue: routes },
    ],
  };
  const logger = new NestLogger(parts.logger);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.enableCsrfProtection();
  // TLS is the business of what stands before the API: within, plain HTTP must do.
  app.useSecurityHeaders({
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
  });
  const polls = app.get(LongPolls);
  const streams = app.get(EventStreams);
  parts.metrics.requests?.watch(() => ({ longPolls: polls.count, streams: streams.count }));
  if (parts.metrics.requests !== undefined)
    measureRequests(adapter.getInstance(), parts.metrics.requests, (response) => polls.waitedMs(response));
  serveOpenApi(app);
  await app.init();
  routes.refuseOtherMethods();
  return app;
}
