/** A gather of no-ops, against a flow of BullMQ, or plain jobs where a flow is too large for one. */
import { hold } from '../contest.ts';
import { checkInOrder, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Limit } from '../peers/limit.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, longestCallRow, type Row, rowOf } from '../rows.ts';
import { type Bench, check, ofShortRuns, rate, type Workload } from '../workload.ts';

type Aims = Pick<Figure, 'target' | 'goal'>;
type Counterpart = 'flow' | 'jobs';

export const gather1000 = gather(1000, 'flow', 5, ofShortRuns, {});
/** Times still fell from the 9th to the 20th gather, while V8 compiled what is hot: by a fifth in all. */
export const gather10000 = gather(10_000, 'flow', 20, ofShortRuns, {
  target: { ratio: 8, to: 'BullMQ' },
  goal: { ratio: 16, to: 'BullMQ' },
});
export const gather100000 = gather(100_000, 'jobs', 1, 1, { target: { value: 30_000 }, goal: { value: 80_000 } });

const counterparts = {
  flow: async (bullmq: Bullmq, count: number) => {
    const children = items(count).map((data) => ({ name: 'echo', data }));
    check('flow', await bullmq.flow({ name: 'gather', data: { count }, children }), count);
  },
  jobs: async (bullmq: Bullmq, count: number) => checkInOrder(await bullmq.all('echo', items(count)), count),
};

function gather(size: number, counterpart: Counterpart, warmUps: number, times: number, aims: Aims): Workload {
  return {
    name: `gather-${size}`,
    async *measure({ quick, rounds }: Bench): AsyncGenerator<Row> {
      const count = quick ? size / 100 : size;
      await using rig = await Rig.start();
      const [corral, bullmq, limit] = [await Corral.start(rig), await Bullmq.start(rig), await Limit.start(rig)];
      const contenders = [
        corral.contender(() =>
          rate(count, async () => check('gather', await corral.run('bench.gather', { count }), count)),
        ),
        bullmq.contender(() => rate(count, () => counterparts[counterpart](bullmq, count))),
        limit.contender(() => rate(count, async () => checkInOrder(await limit.all(items(count)), count))),
      ] as const;
      const title = `gather of ${count.toLocaleString('en')}`;
      const [ours, ...others] = await hold({
        ...{ title, contenders },
        rounds: rounds * times,
        warmUps: quick ? 1 : warmUps,
      });
      yield rowOf({ title: `${title} (BullMQ: ${counterpart})`, unit: 'tasks/s', ...aims }, ours, others, count);
      yield longestCallRow(`${title}: longest call of Redis`, ours);
    },
  };
}
