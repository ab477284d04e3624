/**
 * `npm run test:simulate -- --seeds 2000 [--from 1] [--jobs 2]`: simulates so many seeds, in so many processes with a
 * Redis each. Exit code 1 when a seed is broken; its number and its last moves are printed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { localRedis } from '../../scripts/local-redis.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const jobs = Math.min(Number(values.jobs), seeds);
process.exitCode = jobs > 1 ? await share() : await work();

/** Gives each process its part of the seeds. */
async function share(): Promise<number> {
  const parts = Array.from({ length: jobs }, (_, job) => {
    const first = from + Math.floor((job * seeds) / jobs);
    const own = ['--from', String(first), '--seeds', String(from + Math.floor(((job + 1) * seeds) / jobs) - first)];
    const args = [...process.execArgv, import.meta.filename, ...own, '--jobs', '1'];
    return once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit') as Promise<[number | null]>;
  });
  const codes = (await Promise.all(parts)).map(([code]) => code ?? 1);
  return Math.max(...codes);
}

async function work(): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'corral-simulate-'));
  const redis = await localRedis({ home, persist: false, say: console.error });
  const began = performance.now();
  const sums: Record<string, number> = {};
  let broken = 0;
  try {
    for (let seed = from; seed < from + seeds; seed++) {
      try {
        const { moves, tasks, faults } = await simulate({ url: redis.url, seed });
        for (const [name, count] of Object.entries({ moves, tasks, ...faults })) sums[name] = (sums[name] ?? 0) + count;
      } catch (error) {
        broken += 1;
        console.error(`${(error as Error).message}\nagain: npm run test:simulate -- --from ${seed} --seeds 1\n`);
      }
    }
  } finally {
    await redis.stop();
    await rm(home, { recursive: true });
  }
  const counted = Object.entries(sums).map(([name, count]) => `${count} ${name}`);
  const took = Math.round((performance.now() - began) / 1000);
  console.log(`seeds ${from} to ${from + seeds - 1} in ${took} s: ${broken} broken; ${counted.join(', ')}`);
  return broken === 0 ? 0 : 1;
}
