/** What it costs that Redis writes to its disk: no append-only file, one that is synced every second, or at each write. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type Contender, hold, type Runs } from '../contest.ts';
import { items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, rate, type Workload } from '../workload.ts';

const modes = ['off', 'everysec', 'always'] as const;
const pollMs = 20;

export const durability: Workload = {
  name: 'durability',
  async *measure({ quick, rounds }) {
    const count = quick ? 100 : 10_000;
    await using rig = await Rig.start();
    const [corral, bullmq] = [await Corral.start(rig), await Bullmq.start(rig)];
    const children = items(count).map((data) => ({ name: 'echo', data }));
    const gather = async (): Promise<void> => check('gather', await corral.run('bench.gather', { count }), count);
    const flow = async (): Promise<void> =>
      check('flow', await bullmq.flow({ name: 'gather', data: { count }, children }), count);
    const contenders = modes.flatMap((mode): Contender[] => {
      const prepare = (): Promise<void> => append(rig.redis, mode);
      return [
        { ...corral.contender(() => rate(count, gather), `appendonly ${mode}`), prepare },
        { ...bullmq.contender(() => rate(count, flow)), prepare },
      ];
    });
    const title = `gather of ${count.toLocaleString('en')}`;
    const runs = await hold({ title: `${title}, appendonly`, contenders, rounds, warmUps: 1 });
    const [off] = runs;
    for (const [i, mode] of modes.entries()) {
      const [ours, theirs] = runs.slice(2 * i, 2 * i + 2) as [Runs, Runs];
      const others = mode === 'off' ? [theirs] : [theirs, off as Runs];
      yield rowOf({ title: `${title}, appendonly ${mode}`, unit: 'tasks/s' }, ours, others, count);
    }
  },
};

async function append(redis: Redis, mode: (typeof modes)[number]): Promise<void> {
  await redis.config('SET', 'appendonly', mode === 'off' ? 'no' : 'yes');
  if (mode !== 'off') await redis.config('SET', 'appendfsync', mode);
  // The file begins with what is there already, written beside the work.
  while (/aof_rewrite_(in_progress|scheduled):1/.test(await redis.info('persistence'))) await pause(pollMs);
}
