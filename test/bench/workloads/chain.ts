/** Tasks one after the other, each created when the one before has ended: latency, and nothing to batch. */
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, rate, type Workload } from '../workload.ts';

export const chain: Workload = {
  name: 'chain',
  async *measure({ quick, rounds }) {
    const count = quick ? 20 : 1000;
    await using rig = await Rig.start();
    const [corral, bullmq, limit] = [await Corral.start(rig), await Bullmq.start(rig), await Limit.start(rig)];
    const oneByOne = (one: (item: Item) => Promise<unknown>): Promise<[number]> =>
      rate(count, async () => {
        const answers: Item[] = [];
        for (const item of items(count)) answers.push((await one(item)) as Item);
        checkInOrder(answers, count);
      });
    const title = `chain of ${count.toLocaleString('en')} awaits`;
    const contenders = [
      corral.contender(() =>
        rate(count, async () => check('chain', await corral.run('bench.chain', { count }), count)),
      ),
      bullmq.contender(() => oneByOne((item) => bullmq.one('echo', item))),
      limit.contender(() => oneByOne((item) => limit.one(item))),
    ] as const;
    const [ours, ...others] = await hold({ title, contenders, rounds, warmUps: 1 });
    yield rowOf({ title: `${title} (BullMQ: jobs)`, unit: 'tasks/s' }, ours, others, count);
  },
};
