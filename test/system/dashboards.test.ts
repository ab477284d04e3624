/**
 * The dashboards against a live cluster: two API processes, two workers, and a Prometheus that scrapes them while tasks
 * succeed, fail, are cancelled, gather, wait for a worker that nobody has, and lose their worker.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelExpressions, plain, ruleExpressions, variables } from '../../deploy/grafana/test/expressions.ts';
import { Child } from '../../scripts/child.ts';
import { freePort } from '../../scripts/free-port.ts';
import { LocalCluster } from '../../scripts/local-cluster.ts';
import { type LocalRedis, localRedis } from '../../scripts/local-redis.ts';
import { isInstalled, Prometheus } from './prometheus.ts';

const root = join(import.meta.dirname, '../..');
/** Longer than the test: what happened once is in it. */
const range = '5m';

interface Tree {
  coroutine: string;
  state: string;
  nodes: Tree[];
}

describe.skipIf(!isInstalled)('dashboards on a live Prometheus (skipped where it is not installed)', () => {
  const home = mkdtempSync(join(tmpdir(), 'corral-dashboards-'));
  let redis: LocalRedis;
  let cluster: LocalCluster;
  let secondApi: Child;
  let prometheus: Prometheus;
  /** Tasks by coroutine and outcome, as REST tells them. */
  const expected = new Map<string, number>();

  async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${cluster.api.url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Answer;
  }

  const submit = async (coroutine: string, args: unknown = {}): Promise<string> =>
    (await call<{ id: string }>('POST', '/v1/tasks', { coroutine, args })).id;

  const ended = (id: string) => call<{ state: string }>('GET', `/v1/tasks/${id}?waitMs=30000`);

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 60_000;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`still not: ${what}`);
      await sleep(200);
    }
  }

  /** Work of every kind; the ids of its roots. */
  async function round(): Promise<string[]> {
    const cancelled = await submit('sleep', { ms: 3_600_000 });
    const roots = await Promise.all([
      ...Array.from({ length: 10 }, () => submit('squares', { upTo: 20 })),
      ...Array.from({ length: 4 }, () => submit('square', { n: 13 })),
      ...Array.from({ length: 10 }, () => submit('main')),
      ...Array.from({ length: 4 }, () => submit('sleep', { ms: 300 })),
    ]);
    await call('POST', `/v1/tasks/${cancelled}/cancel`, {});
    await call('POST', '/v1/tasks', { coroutine: 7 });
    for (const id of [cancelled, ...roots]) await ended(id);
    return [cancelled, ...roots];
  }

  const count = (tree: Tree): void => {
    const key = `${tree.coroutine} ${tree.state}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
    tree.nodes.forEach(count);
  };

  const scraped = async (times: number): Promise<void> => {
    const from = await prometheus.value('count_over_time(up{job="corral-api"}[5m])');
    await until(`${times} scrapes more`, async () => {
      const now = await prometheus.value('count_over_time(up{job="corral-api"}[5m])');
      return now >= (Number.isNaN(from) ? 0 : from) + times;
    });
  };

  beforeAll(async () => {
    redis = await localRedis({ home, persist: false, say: console.error });
    const env = {
      ...process.env,
      REDIS_URL: redis.url,
      CORRAL_COROUTINES: join(root, 'examples'),
      METRICS_MAX_COROUTINES: '50',
    };
    const options = { root, logs: join(home, 'logs'), env, host: '127.0.0.1', workers: 2, workerPort: 0 };
    cluster = await LocalCluster.start({ ...options, port: await freePort(), shutdownMs: 15_000, say: () => {} });
    await cluster.untilReady();
    const port = await freePort();
    secondApi = new Child({
      ...{ name: 'api-2', command: process.execPath, args: [join(root, 'apps/api/dist/main.js')], cwd: root },
      ...{ env: { ...env, PORT: String(port) }, log: join(home, 'logs', 'api-2.log') },
    });
    const address = (url: string): string => new URL(url).host;
    prometheus = await Prometheus.start(join(home, 'prometheus'), join(root, 'deploy/prometheus/rules'), {
      'corral-api': [address(cluster.api.url), `127.0.0.1:${port}`],
      'corral-worker': cluster.workers.map(({ url }) => address(url)),
    });
    await until('all processes are scraped', async () => {
      const up = await prometheus.value('sum(up)').catch(() => 0);
      return up === 4;
    });
    await scraped(2);
    const roots = await round();
    await scraped(3);
    roots.push(...(await round()));
    await submit('nobodyHasThis');
    const sleepers = await Promise.all(Array.from({ length: 20 }, () => submit('sleep', { ms: 4_000 })));
    await until(
      'the sleepers sleep',
      async () => (await call<{ tasks: { suspended: number } }>('GET', '/v1/cluster')).tasks.suspended >= 20,
    );
    cluster.workers[0]?.child.kill('SIGKILL');
    for (const id of sleepers) expect(await ended(id)).toMatchObject({ state: 'succeeded' });
    roots.push(...sleepers, ...(await round()));
    for (const id of roots) count(await call<Tree>('GET', `/v1/tasks/${id}/tree?limit=1000`));
    await scraped(6);
  });

  afterAll(async () => {
    await prometheus?.stop();
    await secondApi?.stop(15_000);
    await cluster?.stop();
    await redis?.stop();
    rmSync(home, { recursive: true });
  });

  test('totals are exact, though a worker was killed', async () => {
    const samples = await prometheus.query('max by (coroutine, outcome) (corral_cluster_settled_total) > 0');
    const told = samples.map(({ labels, value }) => [`${labels['coroutine']} ${labels['outcome']}`, value] as const);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected));
    const live = await prometheus.value('sum(max by (state) (corral_cluster_tasks))');
    const all = told.reduce((sum, [, tasks]) => sum + tasks, 0);
    expect(live).toBe(1); // that which no worker has
    expect(await prometheus.value('max(corral_cluster_created_total)')).toBe(all + live);
    expect(await prometheus.value('max(corral_cluster_recovered_total)')).toBeGreaterThan(0);
  });

  test('the first row says what is stuck, and what is not', async () => {
    const reasons = await prometheus.query('corral:stuck');
    const holds = reasons.filter(({ value }) => value > 0).map(({ labels }) => labels['reason']);
    expect(holds).toEqual(['no worker has the coroutine']);
    expect(reasons).toHaveLength(8);
    expect(await prometheus.value('max(corral_cluster_oldest_pending_seconds)')).toBeGreaterThan(3);
  });

  test.each(panelExpressions)('$where has data', async ({ expr }) => {
    const samples = await prometheus.query(plain(expr, range));
    expect(samples.filter(({ value }) => !Number.isNaN(value))).not.toEqual([]);
  });

  test.each(ruleExpressions)('$where is accepted', async ({ expr }) => {
    await prometheus.query(expr);
  });

  test.each(variables)('$where has values', async ({ metric, label }) => {
    expect(await prometheus.labelValues(metric, label)).not.toEqual([]);
  });

  test('points of graphs lead to tasks', async () => {
    const ids = (await prometheus.exemplars('corral_task_duration_seconds_bucket')).map(({ task_id }) => task_id);
    expect(ids.length).toBeGreaterThan(0);
    expect(await call('GET', `/v1/tasks/${ids[0]}`)).toMatchObject({ id: ids[0] });
  });
});
