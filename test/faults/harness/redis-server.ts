/** A Redis of one row's own, that can be stopped, killed, paused and started again on the same port and files. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Child } from '../../../scripts/child.ts';
import { freePort } from '../../../scripts/free-port.ts';

const startTimeoutMs = 20_000;

export class RedisServer {
  readonly home: string;
  readonly port: number;
  readonly #settings: Record<string, string>;
  /** What comes before `redis-server`: faketime, for one. */
  readonly #wrapper: readonly string[];
  #child: Child | undefined;

  private constructor(home: string, port: number, settings: Record<string, string>, wrapper: readonly string[]) {
    this.home = home;
    this.port = port;
    this.#settings = settings;
    this.#wrapper = wrapper;
  }

  static async start(
    home: string,
    settings: Record<string, string> = {},
    wrapper: readonly string[] = [],
  ): Promise<RedisServer> {
    mkdirSync(home, { recursive: true });
    const server = new RedisServer(home, await freePort(), settings, wrapper);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('this redis does not run');
    return pid;
  }

  async start(): Promise<void> {
    const settings = {
      ...{ port: String(this.port), bind: '127.0.0.1', dir: this.home, save: '', appendonly: 'yes', hz: '100' },
      ...{ 'maxmemory-policy': 'noeviction', 'enable-debug-command': 'yes', ...this.#settings },
    };
    const [command = '', ...before] = [...this.#wrapper, 'redis-server'];
    const args = [...before, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])];
    this.#child = new Child({ name: 'redis', command, args, log: join(this.home, 'redis.log') });
    await this.ready();
  }

  /** Resolves when it answers PONG. */
  async ready(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (performance.now() < deadline) {
      if (this.#child?.running !== true) throw new Error(`redis has ended:\n${this.#child?.tail()}`);
      const answer = await this.ask((redis) => redis.ping()).catch(() => undefined);
      if (answer === 'PONG') return;
      await sleep(20);
    }
    throw new Error(`redis did not answer:\n${this.#child?.tail()}`);
  }

  /** One command on a connection of its own. */
  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2000 });
    redis.on('error', () => undefined); // told by the command
    try {
      await redis.connect();
      return await command(redis);
    } finally {
      redis.disconnect();
    }
  }

  async info(field: string): Promise<number> {
    const text = await this.ask((redis) => redis.info());
    return Number(new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  async shutdown(): Promise<void> {
    await this.ask((redis) => redis.shutdown()).catch(() => undefined); // it ends instead of answering
    await this.#child?.ended;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#child?.ended;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}
