/** `npm run demo:kill`: kills the worker that has a gather, in the middle of it, and tells what happened. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskView, WorkerView } from '@corral/scheduler';
import { onSignals } from '../libs/service/src/signals.ts';
import { buildApps } from './build-apps.ts';
import { freePort } from './free-port.ts';
import { LocalCluster } from './local-cluster.ts';
import { localRedis } from './local-redis.ts';

const root = join(import.meta.dirname, '..');
const count = 60;
const slots = 8;

const began = performance.now();
const say = (message: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${message}`);

const home = await mkdtemp(join(tmpdir(), 'corral-demo-'));
const journal = join(home, 'journal');
const ends: (() => Promise<void>)[] = [() => rm(home, { recursive: true, force: true })];
const end = async (): Promise<void> => {
  for (let next = ends.pop(); next !== undefined; next = ends.pop()) await next();
};
onSignals(
  ['SIGINT', 'SIGTERM', 'SIGHUP'],
  () => void end().finally(() => process.exit(130)),
  () => process.exit(130),
);

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await end();
}

/** Answers whether nothing was lost. */
async function demo(): Promise<boolean> {
  await buildApps(root, home, say);
  await writeFile(journal, '');
  const redis = await localRedis({ home, persist: false, say });
  ends.push(() => redis.stop());
  const env = {
    ...{ ...process.env, REDIS_URL: redis.url, DEMO_JOURNAL: journal, WORKER_SLOTS: String(slots) },
    ...{ CORRAL_COROUTINES: join(root, 'scripts/demo-kill'), CORRAL_PREFIX: 'demo' },
  };
  const port = await freePort();
  const shared = { root, logs: join(home, 'logs'), env, host: '127.0.0.1', port, workerPort: 0, shutdownMs: 5000 };
  const cluster = await LocalCluster.start({ ...shared, workers: 3, say: () => {} });
  ends.push(() => cluster.stop());
  await cluster.untilReady();
  const api = `${cluster.api.url}/v1`;
  say(`one API, three workers: ${cluster.workers.map(({ child }) => `pid ${child.pid}`).join(', ')}`);

  const { id } = await ask<TaskView>(`${api}/tasks`, { coroutine: 'parcels', args: { count } });
  say(`submitted ${id}: a gather of ${count} parcels; each is packed, waits, is shipped`);
  const before = await untilHalf(`${api}/tasks/${id}`);
  const victim = await workerOf(api, before);
  const hit = cluster.workers.find(({ child }) => child.pid === victim?.pid);
  if (victim === undefined || hit === undefined) throw new Error(`nobody runs ${id}: ${JSON.stringify(before)}`);
  say(
    `${before.children.succeeded} of ${count} have arrived. Pid ${victim.pid} has the gather and ${victim.running} running parcels`,
  );
  hit.child.kill('SIGKILL');
  const killed = performance.now();
  await hit.child.ended;
  say(`$ kill -9 ${victim.pid}`);

  const successor = await successorOf(api, id, victim.id);
  const tookMs = performance.now() - killed;
  say(
    `pid ${successor?.pid} has taken the gather over, ${(tookMs / 1000).toFixed(1)} s after the kill, from what was recorded`,
  );
  const after = await settled(`${api}/tasks/${id}`);
  say(`${id} has ${after.state} in attempt ${after.attempt}`);
  return await tell(after);
}

async function tell({ state, result }: TaskView): Promise<boolean> {
  const lines = (await readFile(journal, 'utf8')).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { parcel: number; what: string });
  const times = (what: string): number[] => {
    const by = Map.groupBy(
      entries.filter((entry) => entry.what === what),
      ({ parcel }) => parcel,
    );
    return Array.from({ length: count }, (_, parcel) => by.get(parcel)?.length ?? 0);
  };
  const inOrder = Array.isArray(result) && result.length === count && result.every((value, index) => value === index);
  console.log(
    `\n${count} results, ${inOrder ? 'in order, none missing' : `NOT as they should be: ${JSON.stringify(result)}`}`,
  );
  for (const what of ['packed', 'shipped']) {
    const all = times(what);
    const [never, once] = [0, 1].map((wanted) => all.filter((n) => n === wanted).length);
    const again = all.filter((n) => n > 1).length;
    console.log(
      `${what.padEnd(8)} once: ${once}, again because it was under way at the kill: ${again}, never: ${never}`,
    );
  }
  const nothingLost = state === 'succeeded' && inOrder && times('shipped').every((n) => n > 0);
  console.log(nothingLost ? 'Nothing was lost.' : 'SOMETHING WAS LOST.');
  return nothingLost;
}

async function ask<T>(url: string, body?: unknown): Promise<T> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, body === undefined ? {} : post);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function untilHalf(url: string): Promise<TaskView> {
  for (;;) {
    const view = await ask<TaskView>(url);
    if (view.children.succeeded >= count / 3) return view;
    if (view.finishedAt !== null) throw new Error(`it ended too early: ${JSON.stringify(view)}`);
    await sleep(100);
  }
}

async function workerOf(api: string, view: TaskView): Promise<WorkerView | undefined> {
  const { items } = await ask<{ items: WorkerView[] }>(`${api}/workers`);
  return items.find(({ id }) => id === view.worker);
}

async function successorOf(api: string, id: string, before: string): Promise<WorkerView | undefined> {
  for (;;) {
    const view = await ask<TaskView>(`${api}/tasks/${id}`);
    if (view.worker !== null && view.worker !== before) return await workerOf(api, view);
    await sleep(50);
  }
}

async function settled(url: string): Promise<TaskView> {
  for (;;) {
    const view = await ask<TaskView>(`${url}?waitMs=10000`);
    if (view.finishedAt !== null) return view;
  }
}
