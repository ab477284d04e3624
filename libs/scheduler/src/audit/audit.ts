/**
 * The auditor: reads a store and proves the invariants, or names each violation with the task and the reason. For each
 * task that has not ended it says why it will move (I6). It changes nothing and holds Redis up for no more than a page.
 *
 * A1. `quiet`: the system is at rest, so every violation counts.
 * A2. `online`: the system runs, and the keys of one look are read some milliseconds apart. So it looks twice, and only
 *     what both looks say in the same words counts: what merely moves on has other numbers the second time.
 * A3. `offline`: a copy on which nobody works. What time should have done is not asked for.
 */
import type { SessionId } from '../contract/task.ts';
import { RedisConnection } from '../store/redis-connection.ts';
import { Partition, type Violation, type Wait } from './partition.ts';
import { readPartition } from './read-partition.ts';
import { examineKeys, examineSessions } from './sessions.ts';
import type { Snapshot } from './snapshot.ts';
import { examineTask } from './tasks.ts';
import { examineTotals, examineTrees } from './trees.ts';

export type { Violation, Wait } from './partition.ts';

export type AuditMode = 'quiet' | 'online' | 'offline';

export interface AuditOptions {
  /** As for `connect`. */
  url: string;
  /** Of all keys; `corral` by default. */
  prefix?: string;
  mode: AuditMode;
  /** What comes between the two looks of mode `online`; five seconds by default. */
  pause?: () => Promise<void>;
}

export interface AuditReport {
  mode: AuditMode;
  partitions: number;
  sessions: SessionId[];
  tasks: number;
  /** Why each task that has not ended will move; also gathers with members that wait. */
  waits: Wait[];
  violations: Violation[];
}

const fiveSeconds = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000));

/** Rejects with StoreUnavailableError when Redis does not answer, with RangeError when there is no such cluster. */
export async function auditStore({
  url,
  prefix = 'corral',
  mode,
  pause = fiveSeconds,
}: AuditOptions): Promise<AuditReport> {
  const probe = new RedisConnection({ url, prefix, partitions: 1 });
  try {
    const agreed = await probe.ask((redis) => redis.get(`{${prefix}}:partitions`));
    if (agreed === null) throw new RangeError(`no cluster with the prefix ${prefix} has ever used this Redis`);
    const partitions = Number(agreed);
    const first = await look(probe, partitions, mode);
    if (mode !== 'online' || first.violations.length === 0) return first;
    await pause();
    const second = await look(probe, partitions, mode);
    const seen = new Set(first.violations.map(wordsOf));
    return { ...second, violations: second.violations.filter((violation) => seen.has(wordsOf(violation))) };
  } finally {
    probe.close();
  }
}

const wordsOf = ({ rule, task, reason }: Violation): string => `${rule} ${task} ${reason}`;

async function look(connection: RedisConnection, partitions: number, mode: AuditMode): Promise<AuditReport> {
  const report: AuditReport = { mode, partitions, sessions: [], tasks: 0, waits: [], violations: [] };
  const sessions = new Set<SessionId>();
  for (let partition = 0; partition < partitions; partition++) {
    const snapshot = await readPartition(connection, partition);
    const { waits, violations } = examine(snapshot, mode);
    for (const session of snapshot.sessions.keys()) sessions.add(session);
    for (const wait of waits) report.waits.push(wait);
    for (const violation of violations) report.violations.push(violation);
    report.tasks += snapshot.tasks.size;
  }
  return { ...report, sessions: [...sessions].sort() };
}

/** The rules, over one partition that has been read: pure. */
export function examine(snapshot: Snapshot, mode: AuditMode): { waits: Wait[]; violations: Violation[] } {
  const partition = new Partition(snapshot, mode !== 'offline');
  for (const task of snapshot.tasks.values()) examineTask(partition, task);
  examineTrees(partition);
  examineTotals(partition);
  examineSessions(partition);
  examineKeys(partition);
  return partition;
}
