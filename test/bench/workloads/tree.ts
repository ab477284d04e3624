/** A tree of gathers in gathers, ten wide and four deep, against a flow of the same shape. */
import { hold } from '../contest.ts';
import { checkInOrder, items } from '../items.ts';
import { Bullmq, type FlowTree } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, ofShortRuns, rate, type Workload } from '../workload.ts';

const width = 10;

export const tree: Workload = {
  name: 'tree',
  async *measure({ quick, rounds }) {
    const depth = quick ? 2 : 4;
    const tasks = Array.from({ length: depth + 1 }, (_, level) => width ** level).reduce((sum, level) => sum + level);
    const title = `tree of ${tasks.toLocaleString('en')}`;
    await using rig = await Rig.start();
    const [corral, bullmq, limit] = [await Corral.start(rig), await Bullmq.start(rig), await Limit.start(rig)];
    const contenders = [
      corral.contender(() =>
        rate(tasks, async () => check('tree', await corral.run('bench.tree', { depth, width }), tasks)),
      ),
      bullmq.contender(() => rate(tasks, async () => check('flow', await bullmq.flow(nodes(depth)), tasks))),
      limit.contender(() => rate(tasks, async () => checkInOrder(await limit.all(items(tasks)), tasks))),
    ] as const;
    const [ours, ...others] = await hold({
      ...{ title, contenders },
      rounds: rounds * ofShortRuns,
      warmUps: quick ? 1 : 8,
    });
    const aims = { target: { ratio: 6, to: 'BullMQ' }, goal: { ratio: 12, to: 'BullMQ' } };
    yield rowOf({ title: `${title} (BullMQ: flow)`, unit: 'tasks/s', ...aims }, ours, others, tasks);
  },
};

const nodes = (depth: number): FlowTree => ({
  ...{ name: 'node', data: {} },
  ...(depth === 0 ? {} : { children: Array.from({ length: width }, () => nodes(depth - 1)) }),
});
