/** Puts an API together: settings, connection, HTTP. */
import { type Connection, connect, StoreUnavailableError, UnfitStoreError } from '@corral/scheduler';
import {
  apiSettings,
  createLogger,
  Health,
  loadSettings,
  Metrics,
  type Service,
  type Settings,
  StartError,
  settingVariables,
  startTracing,
  unknownSettings,
} from '@corral/service';
import { createApp } from './app.ts';

type ApiSettings = Settings<typeof apiSettings>;

export async function startApi(env: NodeJS.ProcessEnv): Promise<Service> {
  const settings = loadSettings(apiSettings, env);
  const { host, port, bodyLimitBytes, maxWaitMs, maxEventStreams, shutdownMs } = settings;
  const logger = createLogger(settings);
  for (const warning of unknownSettings(settingVariables, env)) logger.warn(warning);
  const metrics = new Metrics({ role: 'api', logger, maxCoroutines: settings.metricsMaxCoroutines });

  const tracing = await startTracing(settings, 'api', logger);
  const connection = await connectTo(settings, metrics);
  metrics.cluster?.watch(() => connection.client.cluster());
  const health = new Health(metrics.loop, [async () => (await connection.health()).reasons]);
  const limits = { bodyLimitBytes, maxWaitMs, maxEventStreams };
  const app = await createApp({ client: connection.client, metrics, health, logger, tracing, ...limits });
  const sweeper = connection.sweeper();
  sweeper.start();
  const close = async (): Promise<void> => {
    health.drain();
    await app.close();
    await sweeper.stop();
    await connection.close();
    await tracing?.close();
  };
  try {
    await app.listen({ port, host, listenTextResolver: (address) => `api listening on ${address}` });
  } catch (error) {
    await close();
    throw cannotListen(error, settings);
  }
  return { logger, shutdownMs, close };
}

async function connectTo(
  { redisUrl, prefix, queues, resultTtlMs, maxPayload }: ApiSettings,
  metrics: Metrics,
): Promise<Connection> {
  try {
    return await connect({
      url: redisUrl,
      prefix,
      queues,
      resultTtlMs,
      limits: { payload: maxPayload },
      instrument: metrics.instrument,
    });
  } catch (error) {
    if (error instanceof StoreUnavailableError || error instanceof UnfitStoreError)
      throw new StartError(`REDIS_URL: ${error.message}`);
    if (error instanceof RangeError) throw new StartError(error.message); // settings that this cluster does not share
    throw error;
  }
}

function cannotListen(error: unknown, { host, port }: ApiSettings): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new StartError(`PORT=${port} is in use by another process: choose another one, or 0 for any`);
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartError(`HOST=${host}, PORT=${port}: cannot listen there: ${message}`);
  return error;
}
