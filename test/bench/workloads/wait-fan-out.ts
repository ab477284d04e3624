/** Many clients that wait for one task over REST (`waitMs`): how long after its end the last of them has its answer. */
import { hold } from '../contest.ts';
import { checkInOrder, type Item, items } from '../items.ts';
import { Corral } from '../peers/corral.ts';
import { Rest } from '../peers/rest.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { quantile } from '../statistics.ts';
import type { Workload } from '../workload.ts';

const perClientMs = 3;

export const waitFanOut: Workload = {
  name: 'wait-fan-out',
  async *measure({ quick, rounds }) {
    const clients = quick ? 50 : 1000;
    await using rig = await Rig.start();
    const corral = await Corral.start(rig);
    const rest = new Rest(corral.cluster.api.url, clients);
    rig.defer(() => rest.close());
    // Time enough for all to ask before it ends.
    const args = { ...(items(1)[0] as Item), ms: 500 + clients * perClientMs };
    const title = `${clients.toLocaleString('en')} clients wait for one task`;
    const [ours] = await hold({
      ...{ title, rounds, warmUps: 1 },
      contenders: [
        corral.contender(async () => {
          const id = await rest.submit({ coroutine: 'bench.nap', args });
          const late = await Promise.all(
            Array.from({ length: clients }, async () => {
              const { result, finishedAt } = await rest.settled(id);
              const now = performance.timeOrigin + performance.now();
              checkInOrder([result as Item], 1);
              return now - Date.parse(finishedAt ?? '');
            }),
          );
          return [quantile(late, 0.5), Math.max(...late)];
        }),
      ],
    });
    yield rowOf({ title: `${title}: median of them is answered after`, unit: 'ms', at: 0 }, ours, [], clients);
    yield rowOf({ title: `${title}: the last is answered after`, unit: 'ms', at: 1 }, ours, [], clients);
  },
};
