import type { ClusterFacts } from '@corral/scheduler';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ClusterMetrics } from '../src/cluster-metrics.ts';

const facts: ClusterFacts = {
  workers: { up: 2, draining: 1, lost: 0 },
  slots: 20,
  slotsInUse: 9,
  tasks: { pending: 7, running: 9, suspended: 3 },
  queued: 5,
  oldestPendingMs: 1500,
  unroutable: [{ coroutine: 'rare', tasks: 2 }],
  lateTimerMs: 250,
  orphaned: 4,
  openGathers: 1,
  trees: 6,
  created: 30,
  recovered: 8,
  settled: [
    { coroutine: 'rare', state: 'succeeded', tasks: 11 },
    { coroutine: 'main', state: 'failed', tasks: 0 },
  ],
};

function metricsOver(read?: () => Promise<ClusterFacts>): Registry {
  const registry = new Registry();
  const metrics = new ClusterMetrics(registry);
  if (read !== undefined) metrics.watch(read);
  return registry;
}

const series = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('corral_'));

test('tells what the store told, with one look a scrape and a second', async () => {
  let looks = 0;
  const registry = metricsOver(async () => {
    looks += 1;
    return facts;
  });
  const [first] = await Promise.all([registry.metrics(), registry.metrics()]);
  expect(looks).toBe(1);
  expect(series(first)).toEqual(
    expect.arrayContaining([
      'corral_store_up 1',
      'corral_cluster_tasks{state="suspended"} 3',
      'corral_cluster_oldest_pending_seconds 1.5',
      'corral_cluster_late_timer_seconds 0.25',
      'corral_cluster_unroutable_tasks{coroutine="rare"} 2',
      'corral_cluster_unroutable_tasks{coroutine="main"} 0',
      'corral_cluster_workers{state="draining"} 1',
      'corral_cluster_settled_total{coroutine="rare",outcome="succeeded"} 11',
      'corral_cluster_settled_total{coroutine="main",outcome="failed"} 0',
      'corral_cluster_created_total 30',
      'corral_cluster_recovered_total 8',
    ]),
  );
});

test('tells nothing, rather than zeros, when the store does not answer', async () => {
  const registry = metricsOver(() => Promise.reject(new Error('gone')));
  await registry.metrics();
  expect(series(await registry.metrics())).toEqual(['corral_cluster_scrape_errors_total 1', 'corral_store_up 0']);
});
