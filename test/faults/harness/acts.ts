/** What rows do with workers: bring work under way, kill, follow what comes of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Arena, Process } from './arena.ts';
import { inFlight, repeated, settledNow } from './repeats.ts';
import type { Findings } from './row.ts';

export const pidsOf = (processes: readonly Process[]): Set<number> => new Set(processes.map(({ pid }) => pid));

export function first(arena: Arena): Process {
  const [worker] = arena.workers;
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

export const isGone = ({ child }: Process): boolean => !child.running;

/** A gather of effects that has run for a while. */
export async function underWay(
  arena: Arena,
  coroutine: string,
  count: number,
  ms: number,
  share = 0.2,
): Promise<string> {
  const id = await arena.submit(coroutine, { count, ms });
  await arena.ledger.until((entries) => entries.filter(({ event }) => event === 'start').length >= count * share);
  return id;
}

/** Results are right, and nothing ran twice but what was in flight in the processes that the fault hit. */
export async function onlyVictimsRanAgain(
  arena: Arena,
  victims: ReadonlySet<string>,
  settledBefore: ReadonlySet<string>,
) {
  const again = repeated(await arena.ledger.starts());
  expect(
    again.filter((task) => settledBefore.has(task)),
    'settled tasks that ran again',
  ).toEqual([]);
  expect(
    again.filter((task) => !victims.has(task)),
    'tasks of others that ran again',
  ).toEqual([]);
}

export async function killAndFollow(arena: Arena, findings: Findings, id: string, victims: Process[], least?: number) {
  findings.open(await arena.openShare(id), least);
  const at = await arena.kill(...victims);
  findings.proven(`pid ${victims.map(({ pid }) => pid).join(', ')} gone`, victims.every(isGone));
  const settled = await settledNow(arena); // others go on meanwhile: what has settled by now must not run again either
  const hit = inFlight(await arena.ledger.read(), pidsOf(victims), settled);
  return { at, hit, settled };
}

export async function ownerOf(arena: Arena, id: string): Promise<Process> {
  const [owner] = await until(async () => {
    const session = (await arena.client.get(id))?.worker;
    const pid = (await arena.client.workers()).find((worker) => worker.id === session)?.pid;
    return arena.workers.filter((worker) => worker.pid === pid);
  });
  if (owner === undefined) throw new Error(`nobody has ${id}`);
  return owner;
}

/** Keeps so many workers alive during `work`; how many have died. */
export async function supervised(arena: Arena, count: number, work: () => Promise<unknown>): Promise<number> {
  let deaths = 0;
  const end = new AbortController();
  const supervisor = keepAlive(arena, count, end.signal, () => {
    deaths += 1;
  });
  try {
    await work();
  } finally {
    end.abort();
    await supervisor;
  }
  return deaths;
}

/** Starts a worker for each that dies, as a supervisor does. */
async function keepAlive(arena: Arena, count: number, signal: AbortSignal, died: () => void): Promise<void> {
  while (!signal.aborted) {
    const dead = arena.workers.filter(isGone);
    arena.workers = arena.workers.filter((worker) => !isGone(worker));
    for (const _ of dead) died();
    while (arena.workers.length < count && !signal.aborted)
      await arena.addWorker().catch((error: Error) => {
        if (!/ has ended with /.test(error.message)) throw error;
        died(); // what kills workers has come to it before it said that it was ready
      });
    await sleep(100);
  }
}

export async function until<T>(look: () => Promise<T[]>): Promise<T[]> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(200)) {
    const seen = await look();
    if (seen.length > 0) return seen;
  }
  return [];
}
