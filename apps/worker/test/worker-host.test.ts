import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, Health, Metrics } from '@corral/service';
import { afterEach, expect, test } from 'vitest';
import { CoroutineLoadError, type CoroutineLoader, type LoadedCoroutines } from '../src/coroutine-loader.ts';
import { WorkerHost, type WorkerHostOptions } from '../src/worker.host.ts';
import { folderOf, write } from './coroutine-files.ts';

const named = (...names: string[]): LoadedCoroutines => ({
  coroutines: names.map((coroutineName) => ({ coroutineName })) as unknown as LoadedCoroutines['coroutines'],
  codeVersions: new Map(names.map((name) => [name, 'v'])),
  warnings: [],
});

/** A host over fakes that write down what is done to them; `next` waits for the next entry. */
function hostOf(watch: string[], loads: (() => LoadedCoroutines)[] = []) {
  const done: string[] = [];
  let told = Promise.withResolvers<void>();
  const note = (what: string): void => {
    done.push(what);
    told.resolve();
    told = Promise.withResolvers();
  };
  const logger = createLogger({ logLevel: 'silent', logPretty: false });
  logger.error = ((message: unknown) => note(`error ${String(message)}`)) as typeof logger.error;
  const metrics = new Metrics({ role: 'worker', logger, maxCoroutines: 10 });
  const health = new Health(metrics.loop, []);
  const worker = {
    id: 'w-1',
    start: async () => note('worker started'),
    replace: async (coroutines: Iterable<{ coroutineName: string }>) =>
      note(`replaced by ${[...coroutines].map(({ coroutineName }) => coroutineName).join()}`),
    stop: async () => note(`worker stopped, ${(await health.ready()).reasons.join()}`),
    statistics: () => ({ slots: 1, running: 0, suspended: 0, draining: false }),
  } as unknown as WorkerHostOptions['worker'];
  const connection = {
    close: async () => note('connection closed'),
  } as unknown as WorkerHostOptions['connection'];
  const loader = {
    load: async () => loads.shift()?.() ?? named('nothing left'),
  } as unknown as CoroutineLoader;
  const host = new WorkerHost({
    connection,
    worker,
    loader,
    loaded: named('first'),
    watch,
    logger,
    metrics,
    health,
  });
  running.push(async () => {
    await host.beforeApplicationShutdown();
    metrics.loop.stop();
  });
  return { host, done, metrics, next: () => told.promise };
}

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

test('starts the worker, and stops it before the connection, saying that it drains', async () => {
  const { host, done, metrics } = hostOf([]);
  running.splice(0);
  await host.onApplicationBootstrap();
  expect(await metrics.registry.getSingleMetricAsString('corral_task_finished_total')).toContain('coroutine="first"');
  await host.beforeApplicationShutdown();
  metrics.loop.stop();
  expect(done).toEqual(['worker started', 'worker stopped, draining', 'connection closed']);
});

test('a change is loaded at once; a broken one leaves the last good version in use', async () => {
  const folder = folderOf({ 'a.ts': '1' });
  const { host, done, next } = hostOf(
    [folder],
    [
      () => named('second'),
      () => {
        throw new CoroutineLoadError('a.ts:1: broken');
      },
      () => named('third'),
    ],
  );
  await host.onApplicationBootstrap();
  for (const content of ['2', '3', '4']) {
    const change = next();
    write(folder, { 'a.ts': content });
    await change;
  }
  expect(done).toEqual([
    'worker started',
    'replaced by second',
    'error the last good version stays in use:\na.ts:1: broken',
    'replaced by third',
  ]);
});

test('a folder that is watched and missing is made, so that the first file in it is seen', async () => {
  const folder = join(folderOf({}), 'coroutines');
  const { host, done, next } = hostOf([folder], [() => named('second')]);
  await host.onApplicationBootstrap();
  expect(existsSync(folder)).toBe(true);
  const change = next();
  write(folder, { 'new.ts': '1' });
  await change;
  expect(done).toEqual(['worker started', 'replaced by second']);
});
