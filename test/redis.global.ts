/** One Redis for all integration tests: that of REDIS_URL, else a local one whose data is thrown away. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { localRedis } from '../scripts/local-redis.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Tests share it: each file takes a key prefix of its own. */
    redisUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'corral-test-'));
  const url = process.env['REDIS_URL'] || undefined;
  const redis = await localRedis({ home, persist: false, say: console.error, url });
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.stop();
    await rm(home, { recursive: true });
  };
}
