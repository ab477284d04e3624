/** The same gather with more and more workers. Each cluster is there all the time; all but one are idle. */
import { type Contender, hold, type Runs } from '../contest.ts';
import { items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, rowOf } from '../rows.ts';
import { check, rate, type Workload } from '../workload.ts';

const told = (workers: number): string => (workers === 1 ? '1 worker' : `${workers} workers`);

const aims: Readonly<Record<number, Pick<Figure, 'target'>>> = { 2: { target: { ratio: 1.5, to: told(1) } } };

export const workers: Workload = {
  name: 'workers',
  async *measure({ quick, rounds }) {
    const count = quick ? 100 : 10_000;
    const numbers = [1, 2, 4];
    await using rig = await Rig.start();
    const contenders: Contender[] = [];
    for (const number of numbers) {
      const corral = await Corral.start(rig, { workers: number, prefix: `workers-${number}` });
      const gather = async (): Promise<void> => check('gather', await corral.run('bench.gather', { count }), count);
      contenders.push(corral.contender(() => rate(count, gather), told(number)));
      const bullmq = await Bullmq.start(rig, { workers: number, queue: `workers-${number}` });
      const children = items(count).map((data) => ({ name: 'echo', data }));
      const flow = async (): Promise<void> =>
        check('flow', await bullmq.flow({ name: 'gather', data: { count }, children }), count);
      contenders.push(bullmq.contender(() => rate(count, flow)));
    }
    const title = `gather of ${count.toLocaleString('en')}`;
    const runs = await hold({ title: `${title}, 1, 2, 4 workers`, contenders, rounds, warmUps: quick ? 1 : 8 });
    const [least] = runs;
    for (const [i, number] of numbers.entries()) {
      const [ours, theirs] = runs.slice(2 * i, 2 * i + 2) as [Runs, Runs];
      const others = number === 1 ? [theirs] : [theirs, least as Runs];
      const figure = { title: `${title}, ${told(number)}`, unit: 'tasks/s', ...aims[number] } as const;
      yield rowOf(figure, ours, others, count);
    }
  },
};
