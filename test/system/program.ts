/** A command of this project, run as a person runs it, and watched from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterEach } from 'vitest';

const running = new Set<Program>();
afterEach(async () => {
  for (const program of running) await program.kill();
});

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Program {
  readonly #process: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #mark = `corral-system-test-${crypto.randomUUID()}`;
  #output = '';
  #onOutput: (() => void) | undefined;

  constructor(command: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
    this.#process = spawn(command, args, {
      cwd: options.cwd,
      env: { ...cleanEnv(), ...options.env, SYSTEM_TEST_MARK: this.#mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk;
        this.#onOutput?.();
      });
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
        this.#onOutput?.();
      });
    });
    running.add(this);
  }

  /** Everything that it and its children have printed. */
  get output(): string {
    return this.#output;
  }

  get ended(): Promise<Ended> {
    return this.#ended;
  }

  /** The first match in what is printed. Rejects when the program ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.#onOutput = () => {
        const match = pattern.exec(this.#output);
        if (match !== null) resolve(match);
        else if (!running.has(this)) reject(new Error(`ended without printing ${pattern}:\n${this.#output}`));
      };
      this.#onOutput();
    });
  }

  /** To the program alone, as `kill` and container runtimes do. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** To the program and whatever shares its process group, as Ctrl-C does. */
  interrupt(): void {
    process.kill(-(this.#process.pid ?? 0), 'SIGINT');
  }

  /** Processes that it has started and that still live, wherever they have gone: all inherit the mark. */
  family(): { pid: number; command: string }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => proc(pid, 'environ').includes(this.#mark))
      .map((pid) => ({ pid, command: proc(pid, 'cmdline').replaceAll('\0', ' ').trim() }));
  }

  async kill(): Promise<void> {
    for (const { pid } of this.family()) process.kill(pid, 'SIGKILL');
    await this.#ended;
  }
}

/** Empty for a process that has just ended. */
function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Without what npm, vitest and the person at the terminal have set: a program under test sees its defaults, and the
 * Node of the machine.
 */
function cleanEnv(): NodeJS.ProcessEnv {
  const own = /^(npm_|NODE_OPTIONS|NODE_ENV|VITEST|TEST|CORRAL_|WORKER|REDIS_URL|PORT|HOST|START_URL|LOG_)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: path.join(delimiter) };
}
