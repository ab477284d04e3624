/**
 * Submits over REST while the workers run the tasks: one client and 64 with a task a request, and some with batches. All
 * are counted in tasks.
 */
import type { TaskId } from '@corral/scheduler';
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Rest } from '../peers/rest.ts';
import { Rig } from '../peers/rig.ts';
import { type Figure, type Row, rowOf } from '../rows.ts';
import { type Bench, rate, type Workload } from '../workload.ts';

interface Manner extends Pick<Figure, 'target' | 'goal'> {
  title: string;
  clients: number;
  /** Tasks a request. */
  batch: number;
  tasks: number;
}

const manners: readonly Manner[] = [
  { title: 'one client', clients: 1, batch: 1, tasks: 1000 },
  { title: '64 clients', clients: 64, batch: 1, tasks: 5000, target: { value: 2500 }, goal: { value: 5000 } },
  {
    ...{ title: 'batches of 100', clients: 8, batch: 100, tasks: 20_000 },
    ...{ target: { value: 25_000 }, goal: { value: 50_000 } },
  },
];

export const submit: Workload = {
  name: 'submit',
  async *measure(bench) {
    await using rig = await Rig.start();
    const [corral, bullmq] = [await Corral.start(rig), await Bullmq.start(rig)];
    const urls = { corral: corral.cluster.api.url, bullmq: await bullmq.api() };
    for (const manner of manners) {
      const [ours, theirs] = [new Rest(urls.corral, manner.clients), new Rest(urls.bullmq, manner.clients)];
      rig.defer(async () => void (await Promise.all([ours.close(), theirs.close()])));
      yield await measured(manner, bench, { corral, ours, bullmq, theirs });
    }
  },
};

interface Sides {
  corral: Corral;
  ours: Rest;
  bullmq: Bullmq;
  theirs: Rest;
}

async function measured(manner: Manner, { quick, rounds }: Bench, sides: Sides): Promise<Row> {
  const { corral, ours, bullmq, theirs } = sides;
  const { clients, batch, target, goal } = manner;
  const tasks = quick ? 2 * batch * Math.min(clients, 50) : manner.tasks;
  let ids: TaskId[] = [];
  const submitAll = (rest: Rest, coroutine: string): Promise<[number]> =>
    rate(tasks, async () => {
      const requests = batches(items(tasks), batch).map((each) => each.map((args) => ({ coroutine, args })));
      const answers: TaskId[][] = [];
      await together(clients, [...requests.entries()], async ([i, request]) => {
        const [first] = request;
        answers[i] = request.length > 1 || !first ? await rest.submitBatch(request) : [await rest.submit(first)];
      });
      ids = answers.flat();
    });
  const title = `submit over REST, ${manner.title}`;
  const [own, ...others] = await hold({
    ...{ title, rounds, warmUps: quick ? 1 : 6 },
    contenders: [
      corral.contender(async () => {
        const rates = await submitAll(ours, 'bench.echo');
        const views = await Promise.all(ids.map((id) => corral.settled(id)));
        checkInOrder(
          views.map(({ result }) => result as Item),
          tasks,
        );
        return rates;
      }),
      bullmq.contender(async () => {
        let rates: [number] | undefined;
        const answers = await bullmq.results(tasks, async () => {
          rates = await submitAll(theirs, 'echo');
        });
        checkInOrder(answers, tasks);
        return rates ?? [];
      }),
    ],
  });
  const figure = { title, unit: 'tasks/s', ...(target && { target }), ...(goal && { goal }) } as const;
  return rowOf(figure, own, others, tasks);
}

function batches<Work>(work: readonly Work[], size: number): Work[][] {
  const all: Work[][] = [];
  for (let i = 0; i < work.length; i += size) all.push(work.slice(i, i + size));
  return all;
}

/** So many at once, until all is done. */
async function together<Work>(lanes: number, work: readonly Work[], one: (work: Work) => Promise<void>): Promise<void> {
  const left = work.values();
  const lane = async (): Promise<void> => {
    for (const each of left) await one(each);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
