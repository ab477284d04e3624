/** Real worker processes for tests, ended by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { WorkerOptions } from '@corral/scheduler';

export interface WorkerProcess {
  id: string;
  pid: number;
  process: ChildProcess;
  /** Lines that it has written to stderr. */
  errors: () => string[];
}

export async function startWorker(
  url: string,
  prefix: string,
  name: string,
  slots = 100,
  more: Partial<WorkerOptions> = {},
  queues = 1,
): Promise<WorkerProcess> {
  const file = new URL('./fixtures/worker.ts', import.meta.url).pathname;
  const args = [url, prefix, name, String(slots), JSON.stringify(more), String(queues)];
  const child = spawn(process.execPath, ['--conditions=@corral/source', file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    console.error(line);
  });
  const lines = createInterface({ input: child.stdout });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`worker ${name} ended with code ${String(code)} before it was ready`);
  });
  const [id] = (await Promise.race([once(lines, 'line'), died])) as [string];
  died.catch(() => undefined);
  return { id, pid: child.pid as number, process: child, errors: () => errors };
}

export async function endWorker({ process: child }: WorkerProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exit) as [number | null];
  return code;
}
