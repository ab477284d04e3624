/** A Redis, one API and some workers, for one run of the cases. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.ts';
import { LocalCluster } from '../../scripts/local-cluster.ts';
import { localRedis } from '../../scripts/local-redis.ts';

const root = join(import.meta.dirname, '../..');
const host = '127.0.0.1';

export interface OwnCluster {
  url: string;
  /** Rejects when a process has died that it cannot do without. */
  broken: Promise<never>;
  stop(): Promise<void>;
}

/** Needs a build. Its processes do not outlive this one. */
export async function startCluster(workers: number, say: (message: string) => void): Promise<OwnCluster> {
  const home = await mkdtemp(join(tmpdir(), 'corral-differential-'));
  const redis = await localRedis({ home, persist: false, say });
  const env = { ...process.env, REDIS_URL: redis.url };
  const processes = { root, logs: join(home, 'logs'), env, host, port: await freePort() };
  const cluster = await LocalCluster.start({ ...processes, workers, workerPort: 0, shutdownMs: 10_000, say });
  await cluster.untilReady();
  return {
    url: cluster.api.url,
    broken: cluster.broken,
    async stop() {
      await cluster.stop();
      await redis.stop();
      await rm(home, { recursive: true });
    },
  };
}
