/** One task on an idle cluster, from its submission to its result: from a client in this process, and over REST. */
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rest } from '../peers/rest.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, rowOf } from '../rows.ts';
import { quantile } from '../statistics.ts';
import { duration, type Workload } from '../workload.ts';

/**
 * The 99th percentile is what the machine does in its bad moments, of a fifth of a second each: with 300 tasks of each in one
 * go the same code came to 0.67 and to 1.4 × BullMQ. So they take turns after every task, and each has its share of them.
 */
export const tasksOfRound = 800;
/** In which everybody falls idle. */
const settleMs = 3;
const item = items(1)[0] as Item;

const aims: Pick<Figure, 'title' | 'target' | 'goal'>[] = [
  { title: 'p50', target: { ratio: 1, to: 'BullMQ' }, goal: { value: 1.5 } },
  { title: 'p99', target: { ratio: 1, to: 'BullMQ' }, goal: { value: 4 } },
];

export const oneTask: Workload = {
  name: 'one-task',
  async *measure({ quick, rounds }) {
    const many = quick ? 20 : tasksOfRound;
    await using rig = await Rig.start();
    const [corral, bullmq, limit] = [await Corral.start(rig), await Bullmq.start(rig), await Limit.start(rig)];
    const rest = new Rest(corral.cluster.api.url, 1);
    rig.defer(() => rest.close());
    const latency = (work: () => Promise<unknown>) => duration(async () => checkInOrder([(await work()) as Item], 1));
    const submit = { coroutine: 'bench.echo', args: item };
    const [ours, overRest, ...others] = await hold({
      title: 'one task at idle',
      contenders: [
        corral.contender(() => latency(() => corral.run('bench.echo', item))),
        corral.contender(() => latency(() => rest.submitAndWait(submit)), 'Corral over REST'),
        bullmq.contender(() => latency(() => bullmq.one('echo', item))),
        limit.contender(() => latency(() => limit.one(item))),
      ],
      ...{ rounds, warmUps: 1 },
      turns: { many, settleMs, figuresOf: (took) => [quantile(took, 0.5), quantile(took, 0.99)] },
    });
    for (const [at, { title, ...aim }] of aims.entries()) {
      yield rowOf({ title: `one task at idle, ${title}`, unit: 'ms', at, ...aim }, ours, others, 1);
      yield rowOf({ title: `one task at idle over REST, ${title}`, unit: 'ms', at }, overRest, others, 1);
    }
  },
};
