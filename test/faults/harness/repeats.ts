/** What the ledger tells about who ran how often, and when the victims of a fault ran again. */
import { readPartition } from '../../../libs/scheduler/src/audit/read-partition.ts';
import { isSettled } from '../../../libs/scheduler/src/contract/task.ts';
import { RedisConnection } from '../../../libs/scheduler/src/store/redis-connection.ts';
import { type Arena, prefix } from './arena.ts';
import type { Entry } from './ledger.ts';

/** Tasks whose outcome is recorded now. */
export async function settledNow(arena: Arena): Promise<Set<string>> {
  const connection = new RedisConnection({ url: arena.redis.url, prefix, partitions: 1 });
  try {
    const { tasks } = await readPartition(connection, 0);
    return new Set([...tasks.values()].filter(({ state }) => isSettled(state)).map(({ id }) => id));
  } finally {
    connection.close();
  }
}

/** Tasks that processes have begun and whose outcome was not recorded when the fault came: those may run again. `entries`: of
 *  the time until then. */
export function inFlight(
  entries: readonly Entry[],
  pids: ReadonlySet<number>,
  settled: ReadonlySet<string>,
): Set<string> {
  const runs = new Map<string, number>(); // by which process each was begun last
  for (const { event, pid, task } of entries) if (event === 'start') runs.set(task, pid);
  return new Set([...runs].flatMap(([task, pid]) => (pids.has(pid) && !settled.has(task) ? [task] : [])));
}

export const before = (entries: readonly Entry[], at: number): Entry[] => entries.filter((entry) => entry.at <= at);

export interface Recovery {
  victims: number;
  /** Milliseconds from the fault to the next start of a victim. */
  medianMs: number;
  lastMs: number;
}

export function recovery(entries: readonly Entry[], at: number, victims: ReadonlySet<string>): Recovery {
  const again = new Map<string, number>();
  for (const entry of entries)
    if (entry.event === 'start' && entry.at > at && victims.has(entry.task) && !again.has(entry.task))
      again.set(entry.task, entry.at - at);
  const times = [...again.values()].sort((a, b) => a - b);
  return {
    victims: victims.size,
    medianMs: times[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY,
    lastMs: times.at(-1) ?? Number.POSITIVE_INFINITY,
  };
}

/** Tasks that started more than once. */
export function repeated(starts: ReadonlyMap<string, readonly Entry[]>): string[] {
  return [...starts].filter(([, entries]) => entries.length > 1).map(([task]) => task);
}
