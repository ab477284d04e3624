/**
 * The worker's life inside Nest: it starts when the app does, and is drained before the app stops listening, so that
 * /readyz and /metrics answer to the end. Order of the end: no more reloads, worker, connection, then (by Nest) HTTP.
 */
import { mkdir } from 'node:fs/promises';
import type { Connection, Worker } from '@corral/scheduler';
import { Health, type Logger, Metrics, type Tracing } from '@corral/service';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { CoroutineLoadError, type CoroutineLoader, type LoadedCoroutines } from './coroutine-loader.ts';
import { FolderWatch } from './folder-watch.ts';

export interface WorkerHostOptions {
  connection: Connection;
  worker: Worker;
  loader: CoroutineLoader;
  loaded: LoadedCoroutines;
  /** Folders whose changes are loaded at once. */
  watch: readonly string[];
  logger: Logger;
  metrics: Metrics;
  health: Health;
  tracing?: Tracing | undefined;
}

export class WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #options: WorkerHostOptions;
  #watch: FolderWatch | undefined;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { worker, metrics, loaded, watch, logger } = this.#options;
    metrics.worker?.watch(() => worker.statistics());
    this.#tell(loaded);
    await worker.start();
    if (watch.length === 0) return;
    await Promise.all(watch.map((folder) => mkdir(folder, { recursive: true })));
    this.#watch = new FolderWatch(
      watch,
      () => this.#reload(),
      (error) => logger.error({ err: error }, 'the new coroutines could not be announced'),
    );
    logger.info({ folders: watch }, 'watching for changes of coroutine files');
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { worker, connection, health, logger, tracing } = this.#options;
    health.drain();
    await this.#watch?.close();
    const { running, suspended } = worker.statistics();
    logger.info({ running, suspended }, 'draining');
    await worker.stop();
    await connection.close();
    await tracing?.close();
  }

  async #reload(): Promise<void> {
    const { loader, worker, logger } = this.#options;
    try {
      const loaded = await loader.load();
      await worker.replace(loaded.coroutines, loaded.codeVersions);
      this.#tell(loaded);
    } catch (error) {
      if (!(error instanceof CoroutineLoadError)) throw error;
      logger.error(`the last good version stays in use:\n${error.message}`);
    }
  }

  #tell({ coroutines, warnings }: LoadedCoroutines): void {
    const { logger, metrics } = this.#options;
    const names = coroutines.map(({ coroutineName }) => coroutineName);
    for (const warning of warnings) logger.warn(warning);
    logger.info({ coroutines: names }, `${names.length} coroutines loaded`);
    metrics.worker?.register(names);
  }
}
