/** Bytes a task: waiting for a worker, as a member of a gather that is held back, suspended, finished. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TaskId } from '@corral/scheduler';
import { hold } from '../contest.ts';
import { items } from '../items.ts';
import { Bullmq } from '../peers/bullmq.ts';
import { Corral } from '../peers/corral.ts';
import { Heaps } from '../peers/heaps.ts';
import { Rig } from '../peers/rig.ts';
import { type Row, rowOf } from '../rows.ts';
import { type Bench, check, type Workload } from '../workload.ts';

const hourMs = 3_600_000;
const pollMs = 20;
const aims = { target: { value: 650 }, goal: { value: 160 } };

/** What each takes. So many at once that what Redis needs for itself, some 200 KB now and then, does not count. */
async function growth(rig: Rig, tasks: number, work: () => Promise<void>): Promise<number> {
  const before = await rig.usedMemory();
  await work();
  return ((await rig.usedMemory()) - before) / tasks;
}

export const memory: Workload = {
  name: 'memory',
  async *measure(bench) {
    yield* queued(bench);
    yield* kept(bench);
  },
};

/** Nobody is there to run them. */
async function* queued({ quick, rounds }: Bench): AsyncGenerator<Row> {
  const tasks = quick ? 100 : 20_000;
  await using rig = await Rig.start();
  const corral = await Corral.start(rig, { workers: 0 });
  const bullmq = await Bullmq.start(rig, { workers: 0 });
  const work = items(tasks);
  const manners = {
    'memory of a queued task in Redis': () => Promise.all(work.map((item) => corral.client.submit('bench.echo', item))),
    'memory of a queued task of a batch of 100': async () => {
      const batch = work.map((args) => ({ coroutine: 'bench.echo', args }));
      for (let from = 0; from < tasks; from += 100) await corral.client.submitAll(batch.slice(from, from + 100));
    },
  };
  for (const [title, submit] of Object.entries(manners)) {
    const [ours, ...others] = await hold({
      ...{ title, rounds, warmUps: 1 },
      contenders: [
        corral.contender(async () => [await growth(rig, tasks, async () => void (await submit()))]),
        bullmq.contender(async () => [
          await growth(rig, tasks, async () => {
            await bullmq.queue.addBulk(work.map((data) => ({ name: 'echo', data })));
          }),
        ]),
      ],
    });
    yield rowOf({ title, unit: 'bytes', ...aims }, ours, others, tasks);
  }
}

async function* kept({ quick, rounds }: Bench): AsyncGenerator<Row> {
  const count = quick ? 100 : 5000;
  await using rig = await Rig.start();
  const heaps = new Heaps(`${rig.home}/heaps`);
  const corral = await Corral.start(rig, { env: { ...heaps.env, CORRAL_MAX_SUSPENDED: '100000' } });
  const pids = corral.cluster.workers.map(({ child }) => child.pid ?? 0);
  const heldBack = async (): Promise<number[]> => [
    await growth(rig, count, async () => {
      const { id } = await corral.client.submit('bench.naps', { count, ms: hourMs, limit: 1 });
      await untilRunning(corral, id, 1);
    }),
  ];
  const suspended = async (): Promise<number[]> => {
    const heapBefore = await heaps.used(pids);
    const inRedis = await growth(rig, count, async () => {
      const { id } = await corral.client.submit('bench.naps', { count, ms: hourMs });
      await untilRunning(corral, id, count);
    });
    return [inRedis, ((await heaps.used(pids)) - heapBefore) / count];
  };
  const finished = async (): Promise<number[]> => {
    const heapBefore = await heaps.used(pids);
    const inRedis = await growth(rig, count, async () =>
      check('gather', await corral.run('bench.gather', { count }), count),
    );
    // What is left of the run before may be gone by then.
    return [inRedis, Math.max(0, (await heaps.used(pids)) - heapBefore) / count];
  };
  const contenders = [
    corral.contender(finished, 'finished'),
    corral.contender(suspended, 'suspended'),
    corral.contender(heldBack, 'held back'),
  ] as const;
  const [ended, asleep, waiting] = await hold({ title: 'memory of a task', contenders, rounds, warmUps: 1 });
  const title = 'memory of a queued member of a gather in Redis';
  yield rowOf({ title, unit: 'bytes', ...aims }, waiting, [], count);
  yield rowOf({ title: 'memory of a suspended task in Redis', unit: 'bytes' }, asleep, [], count);
  yield rowOf({ title: 'heap of a suspended task in its worker', unit: 'bytes', at: 1 }, asleep, [], count);
  yield rowOf({ title: 'memory of a finished task in Redis', unit: 'bytes' }, ended, [], count);
  yield rowOf({ title: 'heap of a finished task in its worker', unit: 'bytes', at: 1 }, ended, [], count);
}

/** Members that have begun to sleep stay as they are. */
async function untilRunning(corral: Corral, id: TaskId, count: number): Promise<void> {
  while (((await corral.client.get(id))?.children.running ?? 0) < count) await pause(pollMs);
}
