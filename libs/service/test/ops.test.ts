import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, expect, test } from 'vitest';
import { createLogger, Health, Metrics, opsModule, type ReadinessCheck } from '../src/index.ts';

const logger = createLogger({ logLevel: 'silent', logPretty: false });
let close = async (): Promise<void> => {};
afterEach(() => close());

async function serve(checks: ReadinessCheck[] = [], loopDelayMs?: number) {
  const metrics = new Metrics({ role: 'api', logger, maxCoroutines: 10 });
  const loop =
    loopDelayMs === undefined ? metrics.loop : Object.create(metrics.loop, { delayMs: { value: loopDelayMs } });
  const health = new Health(loop, checks, 100);
  const app = await NestFactory.create<NestFastifyApplication>(opsModule(metrics, health), new FastifyAdapter(), {
    logger: false,
  });
  await app.init();
  close = async () => {
    metrics.loop.stop();
    await app.close();
  };
  return { health, get: (url: string) => app.inject({ method: 'GET', url }) };
}

test('/healthz says alive, whatever Redis does', async () => {
  const { get } = await serve([() => ['Redis is away']]);
  const answer = await get('/healthz');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ status: 'alive' });
});

test('/healthz says 503 after the event loop was blocked for more than 5 s', async () => {
  const { get } = await serve([], 5001);
  const answer = await get('/healthz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ status: 'blocked', loopDelayMs: 5001 });
});

test('/readyz says ready when every check is content', async () => {
  const { get } = await serve([() => [], async () => []]);
  const answer = await get('/readyz');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ status: 'ready', reasons: [] });
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('/readyz gives every reason, a check that throws included', async () => {
  const { get, health } = await serve([() => ['Redis is away'], () => Promise.reject(new Error('no route to host'))]);
  health.drain();
  const answer = await get('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ status: 'not ready', reasons: ['Redis is away', 'no route to host', 'draining'] });
});

test('/readyz does not wait for ever', async () => {
  const { get } = await serve([() => new Promise(() => {})]);
  const answer = await get('/readyz');
  expect(answer.statusCode).toBe(503);
  expect(answer.json().reasons).toEqual(['no answer within 100 ms']);
});

test('/metrics speaks the text format', async () => {
  const { get } = await serve();
  const answer = await get('/metrics');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.payload).toContain('corral_build_info{version="0.1.0",role="api"} 1');
  expect(answer.payload).toContain('process_cpu_user_seconds_total');
});
