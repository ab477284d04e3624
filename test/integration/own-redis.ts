/** A redis-server of a test's own, which it may stop, kill and start again on the same port and data. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/free-port.ts';
import type { RedisBinary } from '../../scripts/redis-from-debian.ts';
import { until } from './until.ts';

export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** As it is found on the PATH. */
export const installed: RedisBinary = { command: 'redis-server', env: {} };

const alive = new Set<OwnRedis>();
/** Whatever ends this process short of SIGKILL. */
process.on('exit', () => {
  for (const own of alive) own.drop();
});

export class OwnRedis {
  readonly port: number;
  readonly #folder: string;
  readonly #server: RedisBinary;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, server: RedisBinary) {
    this.port = port;
    this.#folder = folder;
    this.#server = server;
  }

  static async begin(...flags: string[]): Promise<OwnRedis> {
    return await OwnRedis.beginAs(installed, ...flags);
  }

  static async beginAs(server: RedisBinary, ...flags: string[]): Promise<OwnRedis> {
    const own = await OwnRedis.#prepare(server);
    await own.start(...flags);
    return own;
  }

  /** A Sentinel that watches the primary at this port, and asks one other before it acts. */
  static async beginSentinel(name: string, port: number): Promise<OwnRedis> {
    const own = await OwnRedis.#prepare();
    const settings = [
      ...[`port ${own.port}`, `dir ${own.#folder}`, `sentinel monitor ${name} 127.0.0.1 ${port} 2`],
      ...[`sentinel down-after-milliseconds ${name} 1000`, `sentinel failover-timeout ${name} 5000`],
    ];
    const file = join(own.#folder, 'sentinel.conf');
    await writeFile(file, settings.join('\n'));
    await own.#run(file, '--sentinel');
    return own;
  }

  static async #prepare(server = installed): Promise<OwnRedis> {
    return new OwnRedis(await freePort(), await mkdtemp(join(tmpdir(), 'corral-redis-')), server);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(...flags: string[]): Promise<void> {
    const fixed = ['--port', String(this.port), '--dir', this.#folder, '--save', '', '--appendonly', 'yes'];
    await this.#run(...fixed, ...flags);
  }

  async #run(...args: string[]): Promise<void> {
    const { command, env } = this.#server;
    this.#process = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    alive.add(this);
    await until(
      () => this.tell('PING').catch(String),
      (answer) => answer === 'PONG',
    );
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
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

  /** At once. */
  drop(): void {
    this.signal('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.signal('SIGCONT');
    await this.end('SIGKILL');
    alive.delete(this);
    await rm(this.#folder, { recursive: true });
  }
}
