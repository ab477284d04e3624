/**
 * A process that is started here and must not outlive this one.
 *
 * C1. Each child leads a process group of its own: Ctrl-C in the terminal reaches this process alone, which then ends
 *     the children in order.
 * C2. Whatever happens to this process short of SIGKILL, the groups are gone when it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const alive = new Set<Child>();
process.on('exit', () => {
  for (const child of alive) child.end();
});

export interface ChildOptions {
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** File that takes what the child prints; it begins empty. */
  log: string;
  /** What ends it when there is no time left. SIGKILL, but a container outlives the SIGKILL of its client. */
  lastSignal?: NodeJS.Signals;
}

export class Child {
  readonly name: string;
  readonly log: string;
  /** Resolves when it has ended, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #lastSignal: NodeJS.Signals;

  constructor({ name, command, args, env = process.env, cwd, log, lastSignal = 'SIGKILL' }: ChildOptions) {
    this.name = name;
    this.log = log;
    this.#lastSignal = lastSignal;
    mkdirSync(dirname(log), { recursive: true });
    const out = openSync(log, 'w');
    this.#process = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', out, out] });
    closeSync(out);
    alive.add(this);
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    void this.ended.then(() => {
      this.kill('SIGKILL'); // what it may have started and left behind
      alive.delete(this);
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    return alive.has(this);
  }

  /** To the whole group; nothing happens when that is gone. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** At once. */
  end(): void {
    this.kill(this.#lastSignal);
  }

  /** SIGTERM, and the last signal to what is left after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#process.kill('SIGTERM');
    const timer = new AbortController();
    const tooLong = sleep(graceMs, undefined, { signal: timer.signal }).then(
      () => this.end(),
      () => {}, // it ended in time
    );
    await Promise.race([this.ended, tooLong]);
    timer.abort();
    await this.ended;
  }

  /** The last lines that it printed. */
  tail(lines = 15): string {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}
