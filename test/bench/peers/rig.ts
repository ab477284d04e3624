/**
 * One Redis, and on it whoever is compared: each in a database of its own, so that all have the same server, and all but
 * one are idle. Whatever is started here ends with the rig, or with this process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Child } from '../../../scripts/child.ts';
import { localRedis, redisBinary } from '../../../scripts/local-redis.ts';
import type { RedisBinary } from '../../../scripts/redis-from-debian.ts';
import { within } from '../within.ts';

const home = mkdtempSync(join(tmpdir(), 'corral-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

const startMs = 30_000;
const stopMs = 5000;
const endMs = 60_000;

export interface Helpers {
  processes: Readonly<Record<string, number>>;
  /** Rejects when one has ended. */
  broken: Promise<never>;
  /** What each said when it was ready. */
  said: readonly string[];
}

export class Rig implements AsyncDisposable {
  static #rigs = 0;
  /** Folder for what is started on it. */
  readonly home: string;
  readonly url: string;
  readonly redisPid: number;
  readonly redis: Redis;
  readonly #ends: AsyncDisposableStack;
  #helpersStarted = 0;

  static async start(): Promise<Rig> {
    await using ends = new AsyncDisposableStack();
    const folder = join(home, `${++Rig.#rigs}`);
    const { url, child, stop } = await localRedis({ home: folder, persist: false, say: console.error });
    ends.defer(stop);
    if (child?.pid === undefined) throw new Error(`the Redis at ${url} is none of ours`);
    return new Rig(folder, url, child.pid, ends.move());
  }

  private constructor(folder: string, url: string, redisPid: number, ends: AsyncDisposableStack) {
    this.home = folder;
    this.url = url;
    this.redisPid = redisPid;
    this.#ends = ends;
    this.redis = this.connect(0);
  }

  /** Ends before whatever was started earlier. */
  defer(end: () => Promise<void> | void): void {
    this.#ends.defer(end);
  }

  /** A connection to a database; blocking commands need one of their own. */
  connect(database: number): Redis {
    return this.open(`${this.url}/${database}`);
  }

  open(url: string): Redis {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    this.#ends.defer(() => redis.disconnect());
    return redis;
  }

  /** For further servers of a workload's own. */
  async redisBinary(): Promise<RedisBinary> {
    const found = await redisBinary({ home: this.home, say: console.error });
    if (Array.isArray(found)) throw new Error(`no redis-server here: ${found.join('; ')}`);
    return found;
  }

  /** Bytes that Redis has in use, without the buffers of its clients. */
  async usedMemory(): Promise<number> {
    const info = await this.redis.info('memory');
    const [used, clients] = ['used_memory', 'mem_clients_normal'].map((name) =>
      Number(info.match(`${name}:(\\d+)`)?.[1]),
    );
    return (used ?? Number.NaN) - (clients ?? Number.NaN);
  }

  /** Starts a program of this folder so many times, and waits until each has said that it is ready. */
  async helpers(program: string, count: number, database: number, args: readonly string[]): Promise<Helpers> {
    const ready = this.connect(database);
    const children = Array.from({ length: count }, (_, i) => {
      const name = `${program}-${i + 1}`;
      const child = new Child({
        ...{ name, command: process.execPath, log: join(this.home, 'logs', `${name}-${++this.#helpersStarted}.log`) },
        args: [join(import.meta.dirname, `${program}.ts`), `${this.url}/${database}`, ...args],
      });
      this.#ends.defer(() => child.stop(stopMs));
      return child;
    });
    const broken = Promise.race(
      children.map(async (child): Promise<never> => {
        const how = await child.ended;
        throw new Error(`${child.name} ended with ${how}:\n${child.tail()}`);
      }),
    );
    broken.catch(() => {}); // whoever waits for it is told; nobody may be waiting
    const all = Promise.all(children.map(() => ready.blpop(readyList, startMs / 1000)));
    const said = await within(startMs, `${program} is to start`, Promise.race([all, broken]));
    return { processes: pids(children), broken, said: said.map((popped) => popped?.[1] ?? '') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(endMs, 'the end of what was started', this.#ends.disposeAsync());
  }
}

/** Where helpers tell that they are ready. */
export const readyList = 'ready';

export const pids = (children: readonly Child[]): Record<string, number> =>
  Object.fromEntries(children.map(({ name, pid }) => [name, pid ?? 0]));

export async function redisVersion(): Promise<string> {
  await using rig = await Rig.start();
  return /_version:(\S+)/.exec(await rig.redis.info('server'))?.[1] ?? 'unknown';
}
