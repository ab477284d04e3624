/**
 * The same gather with more and more workers: of tasks that do nothing, where what moves them is all there is to do, and of tasks
 * that compute. Each cluster is there all the time; all but one are idle.
 */
import { type Contender, hold, type Runs } from '../contest.ts';
import { items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, type Row, rowOf } from '../rows.ts';
import { type Bench, check, rate, type Workload } from '../workload.ts';

interface Kind {
  title: string;
  count: number;
  /** What a gather of them is called. */
  coroutine: string;
  /** A child of BullMQ's flow. */
  job: string;
  numbers: readonly number[];
  warmUps: number;
}

const kinds: readonly Kind[] = [
  { title: 'gather of 10,000', count: 10_000, coroutine: 'bench.gather', job: 'echo', numbers: [1, 2, 4], warmUps: 8 },
  {
    ...{ title: 'gather of 1,000 that compute for 2 ms', count: 1000, coroutine: 'bench.computes', job: 'compute' },
    ...{ numbers: [1, 2], warmUps: 2 },
  },
];

const told = (workers: number): string => (workers === 1 ? '1 worker' : `${workers} workers`);

const aims: Readonly<Record<number, Pick<Figure, 'target'>>> = { 2: { target: { ratio: 1.5, to: told(1) } } };

export const workers: Workload = {
  name: 'workers',
  async *measure(bench) {
    for (const kind of kinds) yield* await measured(kind, bench);
  },
};

async function measured({ title, coroutine, job, ...kind }: Kind, { quick, rounds }: Bench): Promise<Row[]> {
  const count = quick ? 100 : kind.count;
  await using rig = await Rig.start();
  const contenders: Contender[] = [];
  for (const number of kind.numbers) {
    const corral = await Corral.start(rig, { workers: number, prefix: `workers-${number}` });
    const gather = async (): Promise<void> => check('gather', await corral.run(coroutine, { count }), count);
    contenders.push(corral.contender(() => rate(count, gather), told(number)));
    const bullmq = await Bullmq.start(rig, { workers: number, queue: `workers-${number}` });
    const children = items(count).map((data) => ({ name: job, data }));
    const flow = async (): Promise<void> =>
      check('flow', await bullmq.flow({ name: 'gather', data: { count }, children }), count);
    contenders.push(bullmq.contender(() => rate(count, flow)));
  }
  const name = `${title}, ${kind.numbers.join(', ')} workers`;
  const runs = await hold({ title: name, contenders, rounds, warmUps: quick ? 1 : kind.warmUps });
  const [least] = runs;
  return kind.numbers.map((number, i) => {
    const [ours, theirs] = runs.slice(2 * i, 2 * i + 2) as [Runs, Runs];
    const others = number === 1 ? [theirs] : [theirs, least as Runs];
    return rowOf({ title: `${title}, ${told(number)}`, unit: 'tasks/s', ...aims[number] }, ours, others, count);
  });
}
