/**
 * How long a cancel takes from its POST until the coroutine on a worker hears of it: `npm run bench:cancel`.
 *
 * The coroutine awaits a page that never comes, with `loop.signal`; the server of that page sees when the connection is
 * closed. One API and two workers, otherwise idle, so a task is on another process than whoever cancels it.
 */
import { join } from 'node:path';
import { progress } from '../../scripts/progress.ts';
import { startCluster } from '../differential/own-cluster.ts';
import { type HangingServer, hangingServer } from './hanging-server.ts';

const rounds = 50;
const warmUps = 5;
const targetMs = 200;

const rows = [
  { name: 'await fetch', coroutine: 'hang', args: {} },
  { name: 'await fetch, three gathers down', coroutine: 'hangBelow', args: { levels: 3 } },
];

const say = (message: string): void => void process.stderr.write(`${message}\n`);
say('starting 1 API and 2 workers ...');
await using cluster = await startCluster(2, say, { CORRAL_COROUTINES: join(import.meta.dirname, 'coroutines') });
await using server = await hangingServer();
const shown = progress('cancels');
let done = 0;
const table: Record<string, unknown>[] = [];
for (const { name, coroutine, args } of rows) {
  const times: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    const ms = await Promise.race([cancelOnce(cluster.url, server, coroutine, args), cluster.broken]);
    if (round >= 0) times.push(ms);
    shown.update(++done, rows.length * (rounds + warmUps), 'cancels');
  }
  times.sort((a, b) => a - b);
  const [median, p90] = [quantile(times, 0.5), quantile(times, 0.9)];
  const verdict = median < targetMs ? 'met' : 'missed';
  table.push({ 'waits in': name, median: round1(median), p90: round1(p90), max: round1(times.at(-1) ?? 0), verdict });
  if (median >= targetMs) process.exitCode = 1;
}
shown.end();
console.log(
  `\nCancel over REST, milliseconds until the coroutine hears of it; ${rounds} each, target: median < ${targetMs}`,
);
console.table(table);

async function cancelOnce(api: string, pages: HangingServer, coroutine: string, args: object): Promise<number> {
  const page = pages.page();
  const { id } = await post(`${api}/v1/tasks`, { coroutine, args: { ...args, url: page.url } });
  await page.asked;
  const began = performance.now();
  await post(`${api}/v1/tasks/${id}/cancel`, {});
  const ms = (await page.left) - began;
  const settled = (await (await fetch(`${api}/v1/tasks/${id}?waitMs=30000`)).json()) as { state: string };
  if (settled.state !== 'cancelled') throw new Error(`task ${id} was cancelled and is ${settled.state}`);
  return ms;
}

async function post(url: string, body: object): Promise<{ id: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { id: string };
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function round1(ms: number): number {
  return Math.round(ms * 10) / 10;
}
