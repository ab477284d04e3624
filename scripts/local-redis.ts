/** A Redis for `npm start` and for the tests, on a machine that need not have one. */
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRedisUrl } from '../libs/scheduler/src/store/redis-address.ts';
import { openClient } from '../libs/scheduler/src/store/redis-client.ts';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { type RedisBinary, redisFromDebian } from './redis-from-debian.ts';

export interface LocalRedis {
  url: string;
  /** Where it comes from, for people. */
  origin: string;
  /** The server that was started here; undefined when it was there before. */
  child: Child | undefined;
  stop(): Promise<void>;
}

export interface LocalRedisOptions {
  /** Folder for data, logs and what is downloaded. */
  home: string;
  /** Keep the data on disk, for the next time. */
  persist: boolean;
  /** Tells what takes longer than a moment. */
  say: (message: string) => void;
  /** A server to use instead; it must answer. */
  url?: string | undefined;
  /** Gives up what takes long. */
  signal?: AbortSignal | undefined;
}

const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const dockerImage = 'redis:7-alpine';

export async function localRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const { home, persist, url } = options;
  if (url !== undefined) {
    const version = await versionOf(url).catch((error: Error) => {
      throw new Error(`The Redis of REDIS_URL (${withoutPassword(url)}) does not answer: ${error.message}`);
    });
    return { url, origin: `REDIS_URL, version ${version}`, child: undefined, stop: async () => {} };
  }
  const data = join(home, 'redis');
  await mkdir(data, { recursive: true });
  const lock = join(home, 'redis.lock');
  await takeLock(lock, data);
  try {
    const port = await freePort();
    const { args, env, origin, ...how } = await findServer(options, port, data);
    const settings = {
      appendonly: persist ? 'yes' : 'no',
      save: '',
      'maxmemory-policy': 'noeviction',
      hz: '100',
      'hash-max-listpack-value': '1024',
      'zset-max-listpack-entries': '16',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const log = join(home, 'logs', 'redis.log');
    const started = { name: 'redis', args: [...args, ...flags], env: { ...process.env, ...env }, log };
    const child = new Child({ ...started, ...how });
    const found = `redis://127.0.0.1:${port}`;
    const version = await untilReady(child, found);
    await writeFile(lock, JSON.stringify({ starter: process.pid, redis: child.pid, url: found } satisfies Lock));
    const stop = async (): Promise<void> => {
      await child.stop(stopTimeoutMs);
      await rm(lock, { force: true });
    };
    return { url: found, origin: `${origin}, version ${version}`, child, stop };
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  }
}

interface Lock {
  /** Process that started the server. */
  starter: number;
  redis?: number | undefined;
  url?: string;
}

/** Two servers on the same files would destroy them. A lock whose server is gone is no lock. */
async function takeLock(path: string, data: string): Promise<void> {
  const mine = `${path}.${process.pid}`;
  await writeFile(mine, JSON.stringify({ starter: process.pid } satisfies Lock));
  try {
    await linkUnlessHeld(mine, path, data);
  } finally {
    await rm(mine);
  }
}

async function linkUnlessHeld(mine: string, path: string, data: string): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      return await link(mine, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readLock(path);
    if (holder !== undefined) throw new Error(inUse(holder, data, path));
    await rm(path, { force: true });
  }
  throw new Error(`${path} keeps coming back: is another \`npm start\` starting at this moment?`);
}

async function readLock(path: string): Promise<Lock | undefined> {
  const lock = JSON.parse(await readFile(path, 'utf8')) as Lock;
  if (lock.url === undefined) return isAlive(lock.starter) ? lock : undefined;
  const answers = await versionOf(lock.url).catch(() => undefined);
  return answers === undefined ? undefined : lock;
}

function inUse({ starter, redis, url }: Lock, data: string, path: string): string {
  if (url === undefined)
    return `The data in ${data} is in use: another \`npm start\` (pid ${starter}) is starting. If that is not so, delete ${path}.`;
  const who = isAlive(starter)
    ? `of another \`npm start\` (pid ${starter}). End that one first`
    : `that an earlier \`npm start\` left behind. End it with: kill ${redis}`;
  return `The data in ${data} is in use by the Redis at ${url} ${who}, or use it as well: REDIS_URL=${url} npm start`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface Server extends RedisBinary {
  args: string[];
  lastSignal?: NodeJS.Signals;
  origin: string;
}

/** A server of this machine, or out of the Debian packages; why there is none otherwise. */
export async function redisBinary({
  home,
  say,
  signal,
}: Pick<LocalRedisOptions, 'home' | 'say' | 'signal'>): Promise<RedisBinary | string[]> {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = onPath(name);
    if (command !== undefined) return { command, env: {} };
  }
  if (onPath('apt-get') === undefined || onPath('dpkg') === undefined) return [];
  say('No redis-server here: taking one out of the Debian packages (no root, nothing is installed) ...');
  try {
    return await redisFromDebian(join(home, 'redis-debian'), signal);
  } catch (error) {
    return [`taking it out of the Debian packages failed: ${firstLine(error)}`];
  }
}

async function findServer(options: LocalRedisOptions, port: number, data: string): Promise<Server> {
  const { say } = options;
  const local = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data];
  const found = await redisBinary(options);
  if (!Array.isArray(found)) return { ...found, args: local, origin: found.command };
  const docker = onPath('docker');
  if (docker !== undefined) {
    say(`No redis-server here: trying Docker with ${dockerImage} ...`);
    const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
    const args = ['run', '--rm', '--user', user, '-p', `127.0.0.1:${port}:6379`, '-v', `${data}:/data`, dockerImage];
    const origin = `docker ${dockerImage}`;
    return { command: docker, env: {}, args: [...args, 'redis-server'], origin, lastSignal: 'SIGTERM' };
  }
  throw new Error(noServer(found));
}

const noServer = (tried: readonly string[]): string =>
  [
    'Corral needs a Redis (7 or newer) or Valkey server, and there is none here. Any of these helps:',
    '  - set REDIS_URL to a server that runs',
    '  - install one: apt-get install redis-server, dnf install valkey, brew install redis',
    '  - install Docker',
    ...tried.map((reason) => `(${reason})`),
  ].join('\n');

const firstLine = (error: unknown): string => (error as Error).message.trim().split('\n').slice(-1)[0] ?? '';

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

async function untilReady(child: Child, url: string): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    try {
      return await versionOf(url);
    } catch (error) {
      if (!child.running) throw new Error(`redis ended with ${await child.ended}:\n${child.tail()}`);
      if (Date.now() > deadline) {
        await child.stop(stopTimeoutMs);
        throw new Error(`redis did not answer within ${startTimeoutMs / 1000} s: ${firstLine(error)}\n${child.tail()}`);
      }
      await sleep(50);
    }
  }
}

async function versionOf(url: string): Promise<string> {
  const options = { lazyConnect: true, retryStrategy: () => null, connectTimeout: 3000 };
  const redis = openClient(parseRedisUrl(url), options);
  const failed = Promise.withResolvers<never>();
  redis.once('error', failed.reject);
  try {
    await Promise.race([redis.connect(), failed.promise]);
    return /(?:valkey|redis)_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}

export function withoutPassword(url: string): string {
  return url.replace(/(\/\/[^:/?]*):.*@/, '$1:***@').replace(/(sentinelPassword=)[^&]*/, '$1***');
}
