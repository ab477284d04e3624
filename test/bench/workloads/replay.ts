/**
 * What it takes to go through a history again: in memory alone, and a parked coroutine that a cancel wakes, from the
 * cancel until the coroutine has gone on.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { memoryCluster, replayHistory } from '@corral/scheduler/testing';
import { hold } from '../contest.ts';
import { steps } from '../coroutines/long-lived.ts';
import { Corral } from '../peers/corral.ts';
import { Rig } from '../peers/rig.ts';
import { rowOf } from '../rows.ts';
import { check, duration, type Workload } from '../workload.ts';

/** A step is two entries: that it began, and its result. */
const entriesOfStep = 2;
const parkAfterMs = 200;
const pollMs = 2;

export const replay: Workload = {
  name: 'replay',
  async *measure({ quick, rounds }) {
    const entries = quick ? 100 : 10_000;
    const count = entries / entriesOfStep;
    await using rig = await Rig.start();
    const corral = await Corral.start(rig, { env: { CORRAL_PARK_AFTER_MS: String(parkAfterMs) } });
    const history = await recorded(count);
    check('entries', history.steps.length, entries);
    const { id } = await corral.client.submit('bench.longLived', { count });
    const view = async () => (await corral.client.get(id)) ?? fail(`${id} is gone`);
    // No worker holds it then.
    const parked = async (): Promise<void> => {
      while ((await rig.redis.hexists(`{corral:0}:task:${id}`, 'parked')) === 0) await pause(parkAfterMs);
    };
    const title = `replay of ${entries.toLocaleString('en')} entries`;
    const contenders = [
      corral.contender(
        () => duration(async () => check('operations', (await replayHistory(steps, history)).operations, count)),
        'in memory',
      ),
      {
        ...corral.contender(async () => {
          const before = await view();
          const took = await duration(async () => {
            await corral.client.cancel(id);
            while ((await view()).progress === before.progress) await pause(pollMs);
          });
          check('woken', (await view()).progress, Number(before.progress) + 1);
          return took;
        }, 'parked'),
        prepare: parked,
      },
    ] as const;
    const [inMemory, revived] = await hold({ title, contenders, rounds, warmUps: 1 });
    yield rowOf({ title: `${title}, in memory`, unit: 'ms' }, inMemory, [], entries);
    yield rowOf({ title: `${title}, parked until a cancel`, unit: 'ms' }, revived, [], entries);
  },
};

async function recorded(count: number) {
  await using cluster = await memoryCluster({ coroutines: [steps] });
  const { client } = cluster;
  const { id } = await client.submit(steps.coroutineName, { count });
  await client.wait(id, 600_000);
  const history = await client.history(id);
  if (history === undefined) throw new Error('nothing was recorded');
  return history;
}

function fail(message: string): never {
  throw new Error(message);
}
