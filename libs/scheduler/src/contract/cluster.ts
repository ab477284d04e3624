/** The cluster as a whole, counted where the transitions happen: right also while workers die. */
import type { SettledState } from './task.ts';

/** Stands for coroutines that no worker ever had. Their names come from callers, so there is no end of them. */
export const otherCoroutine = '_OTHER';

export interface ClusterFacts {
  /** `lost`: given up in the last hour. */
  workers: { up: number; draining: number; lost: number };
  /** Of the workers that take tasks. */
  slots: number;
  /** Coroutines that hold a slot, as the workers told with their last beat. */
  slotsInUse: number;
  /** Unsettled tasks. A suspended one waits for the loop alone; an ending root counts as running. */
  tasks: { pending: number; running: number; suspended: number };
  /** Tasks that could start now if there were slots. Exact up to 200 entries; beyond that, the least that it can be. */
  queued: number;
  /** For how long the oldest of them, or of the unroutable ones, has been waiting. 0: there is none. */
  oldestPendingMs: number;
  /** Tasks that no live worker can run, by coroutine. */
  unroutable: { coroutine: string; tasks: number }[];
  /** How late the next timer is. Sweeps fire timers, a second late at most while a worker lives. */
  lateTimerMs: number;
  /** Tasks of workers that are gone, on their way to others. */
  orphaned: number;
  /** Gathers that are not decided yet. */
  openGathers: number;
  /** Trees that the store keeps, settled ones included. */
  trees: number;
  /** Since the cluster was set up. */
  created: number;
  /** Tasks taken back from workers that were gone, since the cluster was set up. */
  recovered: number;
  /** Since the cluster was set up; an entry for each coroutine that workers have had, and `_OTHER`, with each outcome. */
  settled: { coroutine: string; state: SettledState; tasks: number }[];
}

/** Facts of all partitions together; each of them knows all workers. */
export function mergeFacts(parts: readonly ClusterFacts[]): ClusterFacts {
  const [first] = parts;
  if (first === undefined) throw new RangeError('a cluster has at least one partition');
  const sum = (of: (part: ClusterFacts) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const greatest = (of: (part: ClusterFacts) => number): number => Math.max(...parts.map(of));
  return {
    workers: first.workers,
    slots: first.slots,
    slotsInUse: first.slotsInUse,
    tasks: {
      pending: sum(({ tasks }) => tasks.pending),
      running: sum(({ tasks }) => tasks.running),
      suspended: sum(({ tasks }) => tasks.suspended),
    },
    queued: sum(({ queued }) => queued),
    oldestPendingMs: greatest(({ oldestPendingMs }) => oldestPendingMs),
    unroutable: sumTasks(
      parts.flatMap(({ unroutable }) => unroutable),
      ({ coroutine }) => coroutine,
    ),
    lateTimerMs: greatest(({ lateTimerMs }) => lateTimerMs),
    orphaned: sum(({ orphaned }) => orphaned),
    openGathers: sum(({ openGathers }) => openGathers),
    trees: sum(({ trees }) => trees),
    created: sum(({ created }) => created),
    recovered: sum(({ recovered }) => recovered),
    settled: sumTasks(
      parts.flatMap(({ settled }) => settled),
      ({ coroutine, state }) => `${state} ${coroutine}`,
    ),
  };
}

/** One entry for each key. */
export function sumTasks<Entry extends { tasks: number }>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
): Entry[] {
  const sums = new Map<string, Entry>();
  for (const entry of entries) {
    const key = keyOf(entry);
    sums.set(key, { ...entry, tasks: (sums.get(key)?.tasks ?? 0) + entry.tasks });
  }
  return [...sums.values()];
}

/** An entry for each name and outcome, with what `count` knows of it. */
export function settledOf(
  names: readonly string[],
  count: (state: SettledState, coroutine: string) => number,
): ClusterFacts['settled'] {
  const states: readonly SettledState[] = ['succeeded', 'failed', 'cancelled'];
  return [...names, otherCoroutine].flatMap((coroutine) =>
    states.map((state) => ({ coroutine, state, tasks: count(state, coroutine) })),
  );
}
