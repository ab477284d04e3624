/** How large the heaps of processes are that were started with heap-probe.ts. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const pollMs = 10;
const probeMs = 10_000;

export class Heaps {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of the processes that are to be asked. */
  get env(): NodeJS.ProcessEnv {
    const probe = pathToFileURL(join(import.meta.dirname, 'heap-probe.ts')).href;
    return { BENCH_HEAPS: this.#folder, NODE_OPTIONS: `--import=${probe}` };
  }

  /** Bytes of all of them, after a collection of garbage. */
  async used(pids: readonly number[]): Promise<number> {
    await mkdir(this.#folder, { recursive: true });
    const each = await Promise.all(pids.map((pid) => this.#usedBy(pid)));
    return each.reduce((sum, bytes) => sum + bytes, 0);
  }

  async #usedBy(pid: number): Promise<number> {
    const file = join(this.#folder, String(pid));
    await rm(file, { force: true });
    process.kill(pid, 'SIGUSR2');
    for (const deadline = performance.now() + probeMs; performance.now() < deadline; await pause(pollMs)) {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      if (text !== undefined) return Number(text);
    }
    throw new Error(`process ${pid} does not tell how large its heap is`);
  }
}
