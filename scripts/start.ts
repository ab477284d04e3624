/**
 * `npm start`: a Redis, one API and some workers on this machine, and siteAudit as their first task.
 *
 * Everything that is started is put on `ends`, and taken off it from the top when the end comes, whether by a signal, by
 * a failure half-way or by the death of a child. A second signal does not wait (see child.ts, C2).
 */
import { join } from 'node:path';
import type { AuditReport } from '../apps/worker/src/coroutines/site-audit/report.ts';
import type { Fault } from '../examples/site/faults.ts';
import { serveExampleSite } from '../examples/site/server.ts';
import { onSignals } from '../libs/service/src/signals.ts';
import { buildApps } from './build-apps.ts';
import type { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { LocalCluster, type Node } from './local-cluster.ts';
import { localRedis, withoutPassword } from './local-redis.ts';
import { readOptions, type StartOptions } from './options.ts';
import { runAudit } from './site-audit.ts';
import { auditText, differences } from './site-audit-text.ts';

const root = join(import.meta.dirname, '..');
const home = join(root, '.corral');
const logs = join(home, 'logs');
const loopback = '127.0.0.0/8,::1/128';

const ends: (() => Promise<void>)[] = [];
const ending = new AbortController();

const say = (message: string): void => void process.stderr.write(`${message}\n`);

onSignals(
  ['SIGINT', 'SIGTERM', 'SIGHUP'],
  (signal) => {
    say(`\n${signal}: ending (again to end at once) ...`);
    void end(0);
  },
  () => process.exit(130),
);

async function end(code: number): Promise<never> {
  ending.abort();
  try {
    for (let next = ends.pop(); next !== undefined; next = ends.pop()) await next();
  } catch (error) {
    say((error as Error).message);
    process.exit(1);
  }
  process.exit(code);
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  const agreed = await run(options);
  if (options.once) await end(agreed ? 0 : 1);
} catch (error) {
  if (!ending.signal.aborted) {
    say((error as Error).message);
    await end(1);
  }
}

/** Answers whether the audit found what it should; without `--once` it goes on until the cluster breaks. */
async function run({ settings, once }: StartOptions): Promise<boolean> {
  const port = await portOfApi(settings.host, settings.port);
  await buildApps(root, logs, say);
  const redis = await localRedis({ home, persist: true, say, url: settings.redisUrl, signal: ending.signal });
  ends.push(() => redis.stop());
  say(`redis: ${withoutPassword(redis.url)} (${redis.origin})`);
  const site = settings.startUrl === undefined ? await serveExampleSite() : undefined;
  if (site !== undefined) ends.push(() => site.close());

  say(`starting 1 API and ${settings.workers} workers ...`);
  const { host, workers, workerPort, shutdownMs } = settings;
  const fetchAllow = [...settings.fetchAllow, loopback].join(',');
  const env = { ...process.env, REDIS_URL: redis.url, CORRAL_FETCH_ALLOW: fetchAllow };
  const cluster = await LocalCluster.start({ root, logs, env, host, port, workers, workerPort, shutdownMs, say });
  ends.push(() => cluster.stop());
  const broken = Promise.race([cluster.broken, endOf(redis.child)]);
  await Promise.race([cluster.untilReady(), broken]);

  const audit = site?.audit ?? { startUrl: settings.startUrl ?? '' };
  const agreed = await Promise.race([auditAndTell(cluster, audit, site?.faults), broken]);
  if (once) return agreed;
  console.log(`\n${invitation(cluster, redis.url)}`);
  return broken;
}

async function portOfApi(host: string, port: number): Promise<number> {
  try {
    return await freePort(port, host);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw new Error(`HOST=${host}, PORT=${port}: cannot listen there: ${message}`);
    throw new Error(
      `PORT=${port} is in use by another process. End that one, or choose another port: PORT=${port + 1} npm start`,
    );
  }
}

/** Rejects when the process ends; for a server that was there before, never. */
async function endOf(child: Child | undefined): Promise<never> {
  if (child === undefined) return new Promise(() => {});
  const how = await child.ended;
  throw new Error(`${child.name} (pid ${child.pid}) ended with ${how}. The end of ${child.log}:\n${child.tail()}`);
}

/** Answers whether all is as it should be: the audit ended, and it found what was planted. */
async function auditAndTell(cluster: LocalCluster, args: { startUrl: string }, faults?: Fault[]): Promise<boolean> {
  let report: AuditReport;
  try {
    report = await runAudit(cluster.api.url, args);
  } catch (error) {
    say((error as Error).message);
    return false;
  }
  const names = new Map(cluster.workers.map(({ child }) => [child.pid ?? 0, child.name]));
  console.log(`\n${auditText(report, names)}`);
  if (faults === undefined) return true;
  const differing = differences(report, faults);
  const verdict = differing.length === 0 ? 'exactly these' : `not exactly these:\n    ${differing.join('\n    ')}`;
  console.log(`  ${faults.length} faults were planted on this site; found: ${verdict}`);
  return differing.length === 0;
}

function invitation({ api, workers }: LocalCluster, redisUrl: string): string {
  const pid = ({ child }: Node): string => `pid ${child.pid}`.padEnd(12);
  return [
    `api       ${pid(api)} ${api.url}/v1/tasks, ${api.url}/docs`,
    ...workers.map((worker) => `${worker.child.name}  ${pid(worker)} ${worker.url}/metrics`),
    `redis     ${''.padEnd(12)} ${withoutPassword(redisUrl)}`,
    `logs      ${''.padEnd(12)} ${logs}`,
    '',
    'Try it:',
    `  curl -d '{"coroutine":"main","args":{}}' '${api.url}/v1/tasks?waitMs=5000'`,
    'Your own: put a coroutine file into ./coroutines and start again. Ctrl-C ends everything.',
  ].join('\n');
}
