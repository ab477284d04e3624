/** Runs a case on a cluster in memory, under a virtual clock. */
import { createHash } from 'node:crypto';
import { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '@corral/scheduler/testing';
import { validateProgram } from '../../libs/scheduler/src/program/validate.ts';
import { type Case, type Outcome, unitsOf } from './case.ts';
import { scaled } from './expressions.ts';

/** Milliseconds of virtual time beyond its duration that a case may take: ten minutes, which cost nothing. */
const graceMs = 600_000;

export interface MemoryRun {
  /** Milliseconds of virtual time. */
  unit: number;
  alwaysReplay?: boolean;
  /** One of the workers dies at some time, always the same of the same case; another takes its place. */
  kill?: boolean;
}

/** `tookMs`: milliseconds of virtual time from the creation of the root to its settlement. */
export async function runInMemory(test: Case, run: MemoryRun): Promise<Outcome & { tookMs: number }> {
  const { issues } = validateProgram(test.program);
  if (issues.length > 0) return { state: 'invalid', tookMs: 0 };
  const options: MemoryClusterOptions = { coroutines: [], workers: 2, alwaysReplay: run.alwaysReplay ?? false };
  await using cluster = await memoryCluster(options);
  const { client } = cluster;
  const { id } = await client.submit('program', { program: scaled(test.program, run.unit) });
  const disturbances = [
    cancelLater(cluster, id, test, run),
    ...(run.kill === true ? [killLater(cluster, test, run)] : []),
  ];
  const view = await client.wait(id, unitsOf(test) * run.unit + graceMs);
  await Promise.all(disturbances);
  if (view === undefined || view.finishedAt === null) throw new Error(`not settled: ${JSON.stringify(view)}`);
  const logs = (await client.logs(id)) ?? [];
  const { state, result, error } = view;
  const tookMs = Date.parse(view.finishedAt) - Date.parse(view.createdAt);
  return { state: state as Outcome['state'], result, error, logs: logs.map(({ entries }) => entries), tookMs };
}

async function cancelLater(cluster: MemoryCluster, id: string, { cancel }: Case, { unit }: MemoryRun): Promise<void> {
  if (cancel === undefined) return;
  await passed(cluster, cancel.after * unit);
  await cluster.client.cancel(id, cancel.message);
}

async function killLater(cluster: MemoryCluster, test: Case, { unit }: MemoryRun): Promise<void> {
  const [when, who] = chosenBy(test.name);
  await passed(cluster, when * unitsOf(test) * unit);
  const victim = cluster.workers[Math.floor(who * cluster.workers.length)];
  if (victim === undefined) throw new Error('there is no worker to kill');
  cluster.kill(victim);
  await cluster.addWorker();
}

const passed = ({ clock }: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => clock.setTimer(ms, resolve));

/** Two numbers from 0 to 1, as good as random and always the same for one name. */
function chosenBy(name: string): [number, number] {
  const bytes = createHash('sha256').update(name).digest();
  return [bytes.readUInt32BE(0) / 2 ** 32, bytes.readUInt32BE(4) / 2 ** 32];
}
