/** One task on an idle cluster, from its submission to its result: from a client in this process, and over REST. */
import { setTimeout as pause } from 'node:timers/promises';
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rest } from '../peers/rest.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, rowOf } from '../rows.ts';
import { quantile } from '../statistics.ts';
import type { Workload } from '../workload.ts';

const restMs = 3;
/**
 * The 99th percentile is what the machine does in its bad moments, and those last for seconds: with 300 tasks of each in one
 * go the same code came to 0.67 and to 1.4 × BullMQ. So they take turns within a round, and each has its share of them.
 */
const turnsOfRound = 10;
const item = items(1)[0] as Item;

const aims: Pick<Figure, 'title' | 'target' | 'goal'>[] = [
  { title: 'p50', target: { ratio: 1, to: 'BullMQ' }, goal: { value: 1.5 } },
  { title: 'p99', target: { ratio: 1, to: 'BullMQ' }, goal: { value: 4 } },
];

export const oneTask: Workload = {
  name: 'one-task',
  async *measure({ quick, rounds }) {
    const tasks = quick ? 2 : 50;
    await using rig = await Rig.start();
    const [corral, bullmq, limit] = [await Corral.start(rig), await Bullmq.start(rig), await Limit.start(rig)];
    const rest = new Rest(corral.cluster.api.url, 1);
    rig.defer(() => rest.close());
    /** One at a time, with a pause in which everybody falls idle. */
    const latencies = async (work: () => Promise<unknown>): Promise<number[]> => {
      const took: number[] = [];
      for (let i = 0; i < tasks; i++) {
        const began = performance.now();
        const answer = await work();
        took.push(performance.now() - began);
        checkInOrder([answer as Item], 1);
        await pause(restMs);
      }
      return took;
    };
    const submit = { coroutine: 'bench.echo', args: item };
    const [ours, overRest, ...others] = await hold({
      title: 'one task at idle',
      contenders: [
        corral.contender(() => latencies(() => corral.run('bench.echo', item))),
        corral.contender(() => latencies(() => rest.submitAndWait(submit)), 'Corral over REST'),
        bullmq.contender(() => latencies(() => bullmq.one('echo', item))),
        limit.contender(() => latencies(() => limit.one(item))),
      ],
      ...{ rounds, warmUps: 1 },
      turns: { many: turnsOfRound, figuresOf: (took) => [quantile(took, 0.5), quantile(took, 0.99)] },
    });
    for (const [at, { title, ...aim }] of aims.entries()) {
      yield rowOf({ title: `one task at idle, ${title}`, unit: 'ms', at, ...aim }, ours, others, tasks);
      yield rowOf({ title: `one task at idle over REST, ${title}`, unit: 'ms', at }, overRest, others, tasks);
    }
  },
};
