import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { runService, StartError } from '@corral/service';
import { startWorker } from './start-worker.ts';

await runService(() => startWorker({ ...process.env, ...argumentsAsSettings() }));

function argumentsAsSettings(): NodeJS.ProcessEnv {
  try {
    const { values } = parseArgs({ options: { watch: { type: 'boolean', default: false } } });
    return values.watch ? { CORRAL_WATCH: '1' } : {};
  } catch (error) {
    throw new StartError(`${(error as Error).message}\nusage: npm run worker [-- --watch]`);
  }
}
