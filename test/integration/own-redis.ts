/** A redis-server of a test's own, which it may stop, kill and start again on the same port and data. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/free-port.ts';
import { until } from './until.ts';

export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

export class OwnRedis {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async begin(...flags: string[]): Promise<OwnRedis> {
    const own = new OwnRedis(await freePort(), await mkdtemp(join(tmpdir(), 'corral-redis-')));
    await own.start(...flags);
    return own;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(...flags: string[]): Promise<void> {
    const fixed = ['--port', String(this.port), '--dir', this.#folder, '--save', '', '--appendonly', 'yes'];
    this.#process = spawn('redis-server', [...fixed, ...flags], { stdio: 'ignore' });
    await until(
      () => this.tell('PING').catch(String),
      (answer) => answer === 'PONG',
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends the process; resolves when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }

  /** One command from outside. */
  async tell(command: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = new Redis(this.url, { retryStrategy: null, lazyConnect: true, replyMapping: 'legacy' });
    redis.on('error', () => undefined); // the command rejects with it
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async close(): Promise<void> {
    this.signal('SIGCONT');
    await this.end('SIGKILL');
    await rm(this.#folder, { recursive: true });
  }
}
