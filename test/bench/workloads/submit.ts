/** Submits over REST, one task a request, while the workers run them: one client, and 64 at once. */
import type { TaskId } from '@corral/scheduler';
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Rest } from '../peers/rest.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { rate, type Workload } from '../workload.ts';

export const submit: Workload = {
  name: 'submit',
  async *measure({ quick, rounds }) {
    await using rig = await Rig.start();
    const [corral, bullmq] = [await Corral.start(rig), await Bullmq.start(rig)];
    const urlOfBullmq = await bullmq.api();
    for (const clients of [1, 64]) {
      const tasks = quick ? 100 : clients === 1 ? 1000 : 5000;
      const [ourApi, theirApi] = [corral.cluster.api.url, urlOfBullmq].map((url) => new Rest(url, clients)) as [
        Rest,
        Rest,
      ];
      rig.defer(async () => void (await Promise.all([ourApi.close(), theirApi.close()])));
      const ids: TaskId[] = [];
      const submitAll = (rest: Rest, coroutine: string): Promise<[number]> =>
        rate(tasks, () =>
          together(clients, items(tasks), async (args) => {
            ids[args.i] = await rest.submit({ coroutine, args });
          }),
        );
      const title = `submit over REST, ${clients === 1 ? 'one client' : `${clients} clients`}`;
      const [ours, ...others] = await hold({
        ...{ title, rounds, warmUps: quick ? 1 : 3 },
        contenders: [
          corral.contender(async () => {
            const rates = await submitAll(ourApi, 'bench.echo');
            const views = await Promise.all(ids.map((id) => corral.settled(id)));
            const answers = views.map(({ result }) => result as Item);
            checkInOrder(answers, tasks);
            return rates;
          }),
          bullmq.contender(async () => {
            let rates: [number] | undefined;
            const answers = await bullmq.results(tasks, async () => {
              rates = await submitAll(theirApi, 'echo');
            });
            checkInOrder(answers, tasks);
            return rates ?? [];
          }),
        ],
      });
      const aims = clients === 1 ? {} : { target: { value: 2500 }, goal: { value: 5000 } };
      yield rowOf({ title, unit: 'requests/s', ...aims }, ours, others, tasks);
    }
  },
};

/** So many at once, until all is done. */
async function together<Work>(lanes: number, work: readonly Work[], one: (work: Work) => Promise<void>): Promise<void> {
  const left = work.values();
  const lane = async (): Promise<void> => {
    for (const each of left) await one(each);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
