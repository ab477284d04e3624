/** A Redis, one API and some workers, for one run of the cases. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.ts';
import { LocalCluster } from '../../scripts/local-cluster.ts';
import { localRedis } from '../../scripts/local-redis.ts';

const root = join(import.meta.dirname, '../..');
const host = '127.0.0.1';

export interface OwnCluster extends AsyncDisposable {
  url: string;
  /** Rejects when a process has died that it cannot do without. */
  broken: Promise<never>;
}

/** Needs a build. Its processes do not outlive this one. */
export async function startCluster(
  workers: number,
  say: (message: string) => void,
  settings: NodeJS.ProcessEnv = {},
): Promise<OwnCluster> {
  await using started = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'corral-differential-'));
  started.defer(() => rm(home, { recursive: true }));
  const redis = await localRedis({ home, persist: false, say });
  started.defer(() => redis.stop());
  const env = { ...process.env, ...settings, REDIS_URL: redis.url };
  const processes = { root, logs: join(home, 'logs'), env, host, port: await freePort() };
  const cluster = await LocalCluster.start({ ...processes, workers, workerPort: 0, shutdownMs: 10_000, say });
  started.defer(() => cluster.stop());
  await cluster.untilReady();
  const running = started.move();
  return {
    url: cluster.api.url,
    broken: cluster.broken,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
