/** A small job behind a large one: how long a task takes that is submitted while a gather runs which came before it. */
import { setTimeout as pause } from 'node:timers/promises';
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { median } from '../statistics.ts';
import { check, type Workload } from '../workload.ts';

const leastProbes = 10;
const betweenMs = 50;
const pollMs = 2;
const item = items(1)[0] as Item;
const aims = { target: { value: 100 } };

export const fairness: Workload = {
  name: 'fairness',
  async *measure({ quick, rounds }) {
    const count = quick ? 10_000 : 100_000;
    await using rig = await Rig.start();
    const corral = await Corral.start(rig);
    const title = `one task behind a gather of ${count.toLocaleString('en')}`;
    const [ours] = await hold({
      ...{ title, rounds, warmUps: 1 },
      contenders: [
        corral.contender(async () => {
          const took: number[] = [];
          while (took.length < leastProbes) took.push(...(await probes(corral, count)));
          return [median(took), Math.max(...took)];
        }),
      ],
    });
    yield rowOf({ title: `${title}, median`, unit: 'ms', at: 0, ...aims }, ours, [], count);
    yield rowOf({ title: `${title}, worst`, unit: 'ms', at: 1, ...aims }, ours, [], count);
  },
};

/** Milliseconds from submit to result of each task that was submitted while the gather ran, however long it took. */
async function probes(corral: Corral, count: number): Promise<number[]> {
  const { id } = await corral.client.submit('bench.gather', { count });
  while ((await corral.client.get(id))?.state === 'pending') await pause(pollMs);
  let runs = true;
  const gather = corral.settled(id).finally(() => {
    runs = false;
  });
  const took: number[] = [];
  while (runs) {
    const began = performance.now();
    const answer = await corral.run('bench.echo', item);
    took.push(performance.now() - began);
    checkInOrder([answer as Item], 1);
    await Promise.race([gather, pause(betweenMs)]);
  }
  check('gather', (await gather).result, count);
  return took;
}
