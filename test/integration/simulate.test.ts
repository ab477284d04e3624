/** The short form of `npm run test:simulate`, and that it can fail: each script that is broken on purpose is caught. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalRedis, localRedis } from '../../scripts/local-redis.ts';
import { breaking, sabotages } from '../simulate/sabotage.ts';
import { simulate } from '../simulate/simulation.ts';

/** A simulation empties its Redis. */
let redis: LocalRedis;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'corral-simulate-'));
  redis = await localRedis({ home, persist: false, say: console.error });
});
afterAll(async () => {
  await redis.stop();
  await rm(home, { recursive: true });
});

const patience = { timeout: 300_000 };

describe('several engines, and faults at random', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', patience, async (seed) => {
    const { faults, tasks } = await simulate({ url: redis.url, seed });
    expect(tasks).toBeGreaterThan(3);
    expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });

  it('the same seed gives the same run', patience, async () => {
    const [first, second] = [
      await simulate({ url: redis.url, seed: 11 }),
      await simulate({ url: redis.url, seed: 11 }),
    ];
    expect(second.trace).toEqual(first.trace);
  });
});

describe('is caught', () => {
  it.each(sabotages)('$name', patience, async (sabotage) => {
    const patch = breaking(sabotage);
    // Whichever finds it first: a rare mishap needs a rare moment.
    const run = async (): Promise<void> => {
      for (let seed = 1; seed <= 100; seed++) await simulate({ url: redis.url, seed, patch });
    };
    await expect(run()).rejects.toThrow(/^seed \d+, move \d+: /);
  });
});
