/** What a partition in memory says of itself; see contract/cluster.ts. */
import { type ClusterFacts, settledOf, sumTasks } from '../contract/cluster.ts';
import type { SettledState, TaskState } from '../contract/task.ts';
import type { Partition } from './partition.ts';

/** Follows every transition of a partition (T5). */
export class Counts {
  readonly states: Record<TaskState, number> = {
    pending: 0,
    running: 0,
    suspended: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
  };
  created = 0;
  recovered = 0;
  openGathers = 0;
  readonly #ended = new Map<string, number>();

  create(tasks: number): void {
    this.created += tasks;
    this.states.pending += tasks;
  }

  end(state: SettledState, coroutine: string): void {
    this.#ended.set(`${state} ${coroutine}`, this.ended(state, coroutine) + 1);
  }

  ended(state: SettledState, coroutine: string): number {
    return this.#ended.get(`${state} ${coroutine}`) ?? 0;
  }
}

export function factsOf(part: Partition): ClusterFacts {
  const { counts, queue, table } = part;
  const sessions = part.sessions.all();
  const live = sessions.filter(({ lost }) => !lost);
  const waiting = queue.statistics(part.now());
  const { pending, running, suspended } = counts.states;
  const nextTimer = part.nextTimer()?.due ?? part.now();
  return {
    workers: {
      up: live.filter(({ draining }) => !draining).length,
      draining: live.filter(({ draining }) => draining).length,
      lost: sessions.length - live.length,
    },
    slots: part.sessions.slots(),
    slotsInUse: live.reduce((sum, session) => sum + session.running, 0),
    tasks: { pending, running, suspended },
    queued: waiting.queued,
    oldestPendingMs: waiting.oldestMs,
    unroutable: sumTasks(
      waiting.stranded.map((coroutine) => ({ coroutine: part.sessions.nameOf(coroutine), tasks: 1 })),
      ({ coroutine }) => coroutine,
    ),
    lateTimerMs: Math.max(0, part.now() - nextTimer),
    orphaned: sessions.reduce((sum, { lost, claimed }) => sum + (lost ? claimed.size : 0), 0),
    openGathers: counts.openGathers,
    trees: table.roots().length,
    created: counts.created,
    recovered: counts.recovered,
    settled: settledOf([...part.sessions.names], (state, coroutine) => counts.ended(state, coroutine)),
  };
}
