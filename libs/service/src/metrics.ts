/**
 * The metrics of one process; docs/reference/metrics.md lists them. Rules: base units; `_total` on counters alone; no
 * id, address or message in a label; what is counted by label begins at 0, or `increase()` would miss the first event.
 */
import type { Instrument } from '@corral/scheduler';
import { ClusterMetrics } from './cluster-metrics.ts';
import { newRegistry } from './exposition.ts';
import type { Logger } from './logger.ts';
import { loopMetrics } from './loop-metrics.ts';
import type { LoopMonitor } from './loop-monitor.ts';
import { processMetrics } from './process-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';
import { storeMetrics } from './store-metrics.ts';
import { WorkerMetrics } from './worker-metrics.ts';

export interface MetricsOptions {
  role: 'api' | 'worker';
  logger: Logger;
  /** Coroutines with a label value of their own. */
  maxCoroutines: number;
}

export class Metrics {
  readonly registry = newRegistry();
  readonly loop: LoopMonitor;
  /** What `connect` of the scheduler is given. */
  readonly instrument: Instrument;
  /** Of a worker; the API runs no tasks. */
  readonly worker: WorkerMetrics | undefined;
  /** Told by the API, as the next. */
  readonly cluster: ClusterMetrics | undefined;
  readonly requests: RequestMetrics | undefined;

  constructor({ role, logger, maxCoroutines }: MetricsOptions) {
    this.loop = processMetrics(this.registry, role);
    this.worker = role === 'worker' ? new WorkerMetrics(this.registry, logger, maxCoroutines) : undefined;
    this.cluster = role === 'api' ? new ClusterMetrics(this.registry) : undefined;
    this.requests = role === 'api' ? new RequestMetrics(this.registry) : undefined;
    const loops = role === 'worker' ? loopMetrics(this.registry) : {};
    this.instrument = { ...this.worker?.instrument, ...loops, ...storeMetrics(this.registry, logger) };
  }
}
