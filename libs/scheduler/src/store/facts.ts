/** The answer of lua/facts.lua. */
import { type ClusterFacts, otherCoroutine, settledOf, sumTasks } from '../contract/cluster.ts';

export type FactsAnswer = [
  counts: string[],
  names: string[],
  stranded: (string | number)[],
  trees: number,
  queued: number,
  oldestPendingMs: number,
  lateTimerMs: number,
  orphaned: number,
  workers: [up: number, draining: number, lost: number, slots: number, running: number],
];

export function toFacts(answer: FactsAnswer): ClusterFacts {
  const [flat, names, stranded, trees, queued, oldestPendingMs, lateTimerMs, orphaned, sessions] = answer;
  const [up, draining, lost, slots, slotsInUse] = sessions;
  const counts = new Map(pairs(flat));
  const count = (name: string): number => Number(counts.get(name) ?? 0);
  const known = (coroutine: string): string => (names.includes(coroutine) ? coroutine : otherCoroutine);
  const waiting = pairs(stranded).filter(([, tasks]) => tasks !== 0);
  const unroutable = waiting.map(([name, tasks]) => ({ coroutine: known(String(name)), tasks: Number(tasks) }));
  return {
    workers: { up, draining, lost },
    slots,
    slotsInUse,
    tasks: { pending: count('pending'), running: count('running'), suspended: count('suspended') },
    queued,
    oldestPendingMs,
    unroutable: sumTasks(unroutable, ({ coroutine }) => coroutine),
    lateTimerMs,
    orphaned,
    openGathers: count('gathers'),
    trees,
    created: count('created'),
    recovered: count('recovered'),
    settled: settledOf(names, (state, coroutine) => count(`${state} ${coroutine}`)),
  };
}

function pairs<T>(flat: readonly T[]): [T, T][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as T, flat[2 * i + 1] as T]);
}
