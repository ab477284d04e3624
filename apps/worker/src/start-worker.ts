/** Puts a worker together: settings, coroutines, connection, HTTP. Whatever fails leaves nothing behind. */
import {
  type AboutTask,
  blameTask,
  type Connection,
  connect,
  type Instrument,
  runningTask,
  StoreUnavailableError,
  UnfitStoreError,
  type Worker,
} from '@corral/scheduler';
import {
  combined,
  createLogger,
  Health,
  type Logger,
  loadSettings,
  Metrics,
  NestLogger,
  type Service,
  type Settings,
  StartError,
  settingVariables,
  startTracing,
  taskFields,
  taskLog,
  unknownSettings,
  version,
  workerSettings,
} from '@corral/service';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { appModule } from './app.module.ts';
import { CoroutineLoadError, CoroutineLoader, type LoadedCoroutines } from './coroutine-loader.ts';
import { shippedCoroutines } from './coroutines/index.ts';
import { WorkerHost } from './worker.host.ts';

/** Has the ending of this file: .ts when sources are run, .js in dist. */
const threadEntry = new URL(import.meta.url.replace(/[^/]*\.(\w+)$/, 'thread-entry.$1'));

/** Of the time that the end may take, so much is kept for giving back what still runs. */
const handOverMs = 3000;

type WorkerSettings = Settings<typeof workerSettings>;

export async function startWorker(env: NodeJS.ProcessEnv): Promise<Service> {
  const settings = loadSettings(workerSettings, env);
  let worker: Worker | undefined;
  const logger = createLogger(settings, () => (worker === undefined ? {} : { worker: worker.id }));
  for (const warning of unknownSettings(settingVariables, env)) logger.warn(warning);
  nameOffenders(logger);
  const metrics = new Metrics({ role: 'worker', logger, maxCoroutines: settings.metricsMaxCoroutines });
  const loader = new CoroutineLoader(
    settings.coroutineFolders,
    shippedCoroutines({ fetchAllow: settings.fetchAllow }),
    version,
  );
  const loaded = await firstLoad(loader, settings, logger);

  const tracing = await startTracing(settings, 'worker', logger);
  const instrument = combined(metrics.instrument, taskLog(logger), tracing?.instrument ?? {});
  const connection = await connectTo(settings, instrument);
  const { coroutines, codeVersions } = loaded;
  const drainMs = Math.max(0, settings.shutdownMs - handOverMs);
  const { slots, threads, maxBlockMs, maxSuspended, parkAfterMs, workerName } = settings;
  worker = connection.worker({
    ...{ slots, threads, threadEntry, coroutines, codeVersions, version, drainMs, maxBlockMs },
    ...{ maxSuspended, parkAfterMs, endBlocked: true },
    ...(workerName === undefined ? {} : { name: workerName }),
  });
  const health = new Health(metrics.loop, [async () => (await connection.health()).reasons]);
  const watch = settings.watch ? settings.coroutineFolders : [];
  const host = new WorkerHost({ connection, worker, loader, loaded, watch, logger, metrics, health, tracing });
  const app = await NestFactory.create<NestFastifyApplication>(
    appModule(host, metrics, health),
    new FastifyAdapter({ forceCloseConnections: true }),
    { logger: new NestLogger(logger), abortOnError: false },
  );
  try {
    await app.listen(settings.workerPort, settings.host);
  } catch (error) {
    await app.close();
    throw cannotListen(error, settings);
  }
  logger.info(`worker ready: health and metrics on ${await app.getUrl()}`);
  return { logger, shutdownMs: settings.shutdownMs, close: () => app.close() };
}

/** A worker runs the tasks of many: whose code lets an error go fails for it, and the others go on. */
function nameOffenders(logger: Logger): void {
  process.on('unhandledRejection', (error) =>
    logger.error({ err: error, ...fields(blameTask(error)) }, 'a promise was rejected, unheard'),
  );
  process.on('uncaughtException', (error) => {
    const task = blameTask(error);
    logger.error({ err: error, ...fields(task) }, 'an error was thrown that nobody could catch');
    if (task === undefined) process.kill(process.pid, 'SIGTERM'); // nobody's: what else is broken is not known
  });
  process.on('exit', () => {
    const task = runningTask();
    if (task !== undefined) logger.fatal(fields(task), 'this coroutine has ended the process of the worker');
  });
}

const fields = (task: AboutTask | undefined): object => (task === undefined ? {} : taskFields(task));

async function firstLoad(
  loader: CoroutineLoader,
  { watch }: WorkerSettings,
  logger: Logger,
): Promise<LoadedCoroutines> {
  try {
    return await loader.load();
  } catch (error) {
    if (!watch || !(error instanceof CoroutineLoadError)) throw error;
    logger.error(`only the shipped coroutines are loaded, until this is mended:\n${error.message}`);
    return loader.shipped;
  }
}

async function connectTo(settings: WorkerSettings, instrument: Instrument): Promise<Connection> {
  const { redisUrl: url, prefix, queues, slowCallbackMs, maxPayload, maxLogs, maxOperations } = settings;
  const debug = settings.debug ? { debug: { slowCallbackMs } } : {};
  const limits = { payload: maxPayload, logs: maxLogs, operations: maxOperations };
  try {
    return await connect({ url, prefix, queues, limits, instrument, ...debug });
  } catch (error) {
    if (error instanceof StoreUnavailableError || error instanceof UnfitStoreError)
      throw new StartError(`REDIS_URL: ${error.message}`);
    if (error instanceof RangeError) throw new StartError(error.message); // settings that this cluster does not share
    throw error;
  }
}

function cannotListen(error: unknown, { host, workerPort }: WorkerSettings): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new StartError(`WORKER_PORT=${workerPort} is in use by another process: choose another one, or 0 for any`);
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartError(`HOST=${host}, WORKER_PORT=${workerPort}: cannot listen there: ${message}`);
  return error;
}
