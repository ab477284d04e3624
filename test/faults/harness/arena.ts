/**
 * Arena: a cluster of real processes for one row of the matrix, with a Redis of its own, a ledger that no fault touches,
 * and a client. Every process is started here and ended here, by its pid.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditStore, type Connection, connect, type TaskView } from '@corral/scheduler';
import { expect } from 'vitest';
import { Child } from '../../../scripts/child.ts';
import { freePort } from '../../../scripts/free-port.ts';
import { Ledger } from './ledger.ts';
import { RedisServer } from './redis-server.ts';

const root = join(import.meta.dirname, '../../..');
const startTimeoutMs = 60_000;
export const prefix = 'faults';

export interface Process {
  child: Child;
  pid: number;
  /** Of its HTTP server. */
  url: string;
}

export interface ArenaOptions {
  workers?: number;
  /** Of each worker. */
  slots?: number;
  apis?: number;
  /** Settings of redis-server beyond the usual ones. */
  redis?: Record<string, string>;
  /** Wraps redis-server (faketime). */
  redisWrapper?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

export class Arena {
  readonly redis: RedisServer;
  readonly ledger: Ledger;
  readonly connection: Connection;
  readonly home: string;
  workers: Process[] = [];
  apis: Process[] = [];
  /** Where the data is in the end; elsewhere after a failover. */
  storeUrl: string;
  /** What a row has started besides, to be ended with the arena. */
  readonly ends: (() => Promise<unknown>)[] = [];
  readonly #ledgerServer: RedisServer;
  readonly #options: ArenaOptions;
  readonly #all: Process[] = [];

  private constructor(
    home: string,
    redis: RedisServer,
    ledger: RedisServer,
    connection: Connection,
    options: ArenaOptions,
  ) {
    this.home = home;
    this.redis = redis;
    this.storeUrl = redis.url;
    this.#ledgerServer = ledger;
    this.ledger = new Ledger(ledger.url);
    this.connection = connection;
    this.#options = options;
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const home = mkdtempSync(join(tmpdir(), 'corral-faults-'));
    const { workers = 3, apis = 0 } = options;
    const ledger = await RedisServer.start(join(home, 'ledger'), {
      ...{ appendonly: 'no', bind: '0.0.0.0', 'protected-mode': 'no' }, // reachable from a network namespace
    });
    const redis = await RedisServer.start(join(home, 'redis'), options.redis, options.redisWrapper);
    const connection = await connect({ url: redis.url, prefix });
    const arena = new Arena(home, redis, ledger, connection, options);
    try {
      const starting = Array.from({ length: workers }, (_, i) => arena.addWorker(`w${i}`));
      starting.push(...Array.from({ length: apis }, () => arena.addApi()));
      await Promise.all(starting);
    } catch (error) {
      await arena.close();
      throw error;
    }
    return arena;
  }

  get ledgerUrl(): string {
    return this.#ledgerServer.url;
  }

  get client(): Connection['client'] {
    return this.connection.client;
  }

  async addWorker(name = `w${this.#all.length}`, env: NodeJS.ProcessEnv = {}, wrapper: readonly string[] = []) {
    const worker = await this.#run(name, 'worker', 'WORKER_PORT', env, wrapper);
    this.workers.push(worker);
    return worker;
  }

  async addApi(env: NodeJS.ProcessEnv = {}) {
    const api = await this.#run(`api${this.#all.length}`, 'api', 'PORT', env);
    this.apis.push(api);
    return api;
  }

  async #run(
    name: string,
    app: string,
    variable: string,
    own: NodeJS.ProcessEnv,
    wrapper: readonly string[] = [],
  ): Promise<Process> {
    const port = await freePort();
    const { slots = 50, env: common = {} } = this.#options;
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      ...{
        NODE_ENV: 'production',
        REDIS_URL: this.redis.url,
        CORRAL_PREFIX: prefix,
        LEDGER_URL: this.#ledgerServer.url,
      },
      ...{ CORRAL_COROUTINES: join(import.meta.dirname, '../coroutines'), WORKER_SLOTS: String(slots) },
      ...{ [variable]: String(port), LOG_LEVEL: 'warn', ...common, ...own },
    };
    const [command = '', ...args] = [...wrapper, process.execPath, join(root, `apps/${app}/dist/main.js`)];
    const child = new Child({ name, command, args, cwd: root, env, log: join(this.home, `${name}.log`) });
    const process_ = { child, pid: child.pid ?? 0, url: `http://${env['HOST'] ?? '127.0.0.1'}:${port}` };
    this.#all.push(process_);
    await this.#ready(process_);
    return process_;
  }

  async #ready({ child, url }: Process): Promise<void> {
    for (const deadline = performance.now() + startTimeoutMs; ; await sleep(50)) {
      if (!child.running) throw new Error(`${child.name} has ended with ${await child.ended}:\n${child.tail(40)}`);
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) return;
      if (performance.now() > deadline) throw new Error(`${child.name} is not ready:\n${child.tail(40)}`);
    }
  }

  /** `kill -9`, and gone. Answers the time. */
  async kill(...processes: Process[]): Promise<number> {
    const at = Date.now();
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ child }) => child.ended));
    this.workers = this.workers.filter((worker) => !processes.includes(worker));
    this.apis = this.apis.filter((api) => !processes.includes(api));
    return at;
  }

  async submit(coroutine: string, args: unknown): Promise<string> {
    return (await this.client.submit(coroutine, args)).id;
  }

  /** The view of a task that has settled. */
  async settled(id: string, ms: number): Promise<TaskView> {
    const deadline = performance.now() + ms;
    for (;;) {
      const view = await this.client.wait(id, Math.max(1, deadline - performance.now()));
      if (view !== undefined && view.finishedAt !== null) return view;
      if (performance.now() < deadline) continue;
      const { violations, waits } = await auditStore({ url: this.redis.url, prefix, mode: 'online' });
      const why = [...violations, ...waits.slice(0, 20)].map((row) => JSON.stringify(row)).join('\n');
      throw new Error(`${id} has not ended within ${ms} ms:\n${JSON.stringify(view)}\n${why}`);
    }
  }

  /** Share of the children of a task that have not ended. */
  async openShare(id: string): Promise<number> {
    const children = (await this.client.get(id))?.children;
    return children === undefined || children.total === 0 ? 1 : (children.pending + children.running) / children.total;
  }

  /** The sum of a counter over all workers that answer. */
  async metric(name: string): Promise<number> {
    const texts = await Promise.all(
      this.workers.map(({ url }) =>
        fetch(`${url}/metrics`)
          .then((answer) => answer.text())
          .catch(() => ''),
      ),
    );
    const samples = texts.flatMap((text) => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]);
    return samples.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** No invariant is violated, and nothing is left to do: the system is at rest. */
  async atRest(): Promise<void> {
    const { violations, waits } = await auditStore({ url: this.storeUrl, prefix, mode: 'quiet' });
    expect(violations).toEqual([]);
    expect(waits).toEqual([]);
  }

  /** The last lines of every process, for who has to understand a failure. */
  tails(): string {
    return this.#all.map(({ child }) => `--- ${child.name} (${child.pid})\n${child.tail(12)}`).join('\n');
  }

  async close(): Promise<void> {
    this.redis.resume();
    for (const { child } of this.#all) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await Promise.all(this.#all.map(({ child }) => child.ended));
    await Promise.all(this.ends.map((end) => end()));
    this.ledger.close();
    await this.connection.close();
    await Promise.all([this.redis.kill(), this.#ledgerServer.kill()]);
    rmSync(this.home, { recursive: true, force: true });
  }
}
