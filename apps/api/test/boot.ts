/** The API as it runs, in front of a client of the test's choice. */
import 'reflect-metadata';
import { Health, Metrics } from '@corral/service';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger, pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { createApp } from '../src/app.ts';
import type { ApiClient } from '../src/client.ts';
import type { ProblemDocument } from '../src/problem/problem.ts';
import type { ProblemType } from '../src/problem/problem-types.ts';
import { FakeClient } from './fake-client.ts';

export const bodyLimitBytes = 64 * 1024;

export async function bootWith(
  client: ApiClient,
  logger: Logger = pino({ level: 'silent' }),
): Promise<NestFastifyApplication> {
  const metrics = new Metrics({ role: 'api', logger, maxCoroutines: 10 });
  const health = new Health(metrics.loop, []);
  const app = await createApp({
    client,
    metrics,
    health,
    logger,
    bodyLimitBytes,
    maxWaitMs: 60_000,
    maxEventStreams: 3,
  });
  onTestFinished(() => app.close());
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

export interface Booted {
  app: NestFastifyApplication;
  client: FakeClient;
  /** Lines of the log, parsed. */
  logged: Record<string, unknown>[];
}

/** In front of a fake client. */
export async function boot(): Promise<Booted> {
  const logged: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const client = new FakeClient();
  return { app: await bootWith(client, logger), client, logged };
}

interface Answer {
  statusCode: number;
  headers: Record<string, unknown>;
  json(): unknown;
}

/** Asserts that the answer is this problem, and gives its document. */
export function problemOf(answer: Answer, status: number, type: ProblemType): ProblemDocument {
  const document = answer.json() as ProblemDocument;
  expect(document).toMatchObject({ type: `/problems/${type}`, status });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(document.instance).toBe(answer.headers['x-request-id']);
  return document;
}
