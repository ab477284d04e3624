/** Tasks that sleep, all at once. Ours need no slot for that; BullMQ's and the raw limit's get one each. */
import { hold } from '../contest.ts';
import { checkInOrder, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, duration, ofShortRuns, type Workload } from '../workload.ts';

const ms = 100;
const workers = 2;

export const sleeps: Workload = {
  name: 'sleeps',
  async *measure({ quick, rounds }) {
    const count = quick ? 100 : 1000;
    const slots = count / workers;
    await using rig = await Rig.start();
    const corral = await Corral.start(rig, { workers, slots });
    const bullmq = await Bullmq.start(rig, { workers, concurrency: slots });
    const limit = await Limit.start(rig, { workers });
    const work = items(count).map((item) => ({ ...item, ms }));
    const title = `${count.toLocaleString('en')} sleeps of ${ms} ms`;
    const contenders = [
      corral.contender(() => duration(async () => check('naps', await corral.run('bench.naps', { count, ms }), count))),
      bullmq.contender(() => duration(async () => checkInOrder(await bullmq.all('sleep', work), count))),
      limit.contender(() => duration(async () => checkInOrder(await limit.all(work), count))),
    ] as const;
    const [ours, ...others] = await hold({
      ...{ title, contenders },
      rounds: rounds * ofShortRuns,
      warmUps: quick ? 1 : 12,
    });
    const aims = { target: { value: 180 }, goal: { value: 125 } };
    yield rowOf({ title: `${title} (BullMQ: jobs)`, unit: 'ms', ...aims }, ours, others, count);
  },
};
