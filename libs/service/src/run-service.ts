/**
 * The life of a process: start, run until SIGTERM or SIGINT, close, exit.
 * Exit codes: 0 closed in time, 1 did not start or did not close in time, 128 + n a second signal cut the closing short.
 */
import { constants } from 'node:os';
import type { Logger } from './logger.ts';
import { SettingsError } from './settings.ts';
import { onSignals } from './signals.ts';

export interface Service {
  readonly logger: Logger;
  /** Milliseconds that `close` may take. */
  readonly shutdownMs: number;
  close(): Promise<void>;
}

/** An error whose message says all that the person at the terminal needs: it is shown without a stack. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}

/** Ends the process; what `start` returned is what is closed. */
export async function runService(start: () => Promise<Service>): Promise<void> {
  let service: Service | undefined;
  const first = (signal: string): void => {
    if (service === undefined) process.exit(0);
    void close(service, signal);
  };
  const again = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
  onSignals(['SIGTERM', 'SIGINT'], first, again);
  try {
    service = await start();
  } catch (error) {
    const plain = error instanceof SettingsError || error instanceof StartError;
    process.stderr.write(`${plain ? error.message : ((error as Error)?.stack ?? String(error))}\n`);
    process.exit(1);
  }
}

async function close(service: Service, signal: string): Promise<never> {
  const { logger, shutdownMs } = service;
  logger.info(`${signal}: closing`);
  const deadline = setTimeout(() => {
    logger.error(`not closed within ${shutdownMs} ms; giving up`);
    process.exit(1);
  }, shutdownMs);
  try {
    await service.close();
  } catch (error) {
    logger.error({ err: error }, 'closing failed');
    process.exit(1);
  }
  clearTimeout(deadline);
  logger.info('closed');
  process.exit(0);
}
