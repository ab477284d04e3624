/** Calls of the store, and warnings of the engine, which go to the log as well. */
import type { Instrument } from '@corral/scheduler';
import { Counter, Histogram, type Registry } from 'prom-client';
import { callBuckets } from './buckets.ts';
import type { Logger } from './logger.ts';
import { taskFields } from './task-fields.ts';

export function storeMetrics(registry: Registry, logger: Logger): Pick<Instrument, 'storeCall' | 'warning'> {
  const registers = [registry];
  const seconds = new Histogram({
    name: 'corral_store_call_seconds',
    help: 'Calls of the store: one atomic step each.',
    labelNames: ['method'],
    buckets: callBuckets,
    registers,
  });
  const items = new Counter({
    name: 'corral_store_items_total',
    help: 'Tasks that calls of the store were about; a call takes many at once.',
    labelNames: ['method'],
    registers,
  });
  const errors = new Counter({
    name: 'corral_store_errors_total',
    help: 'Calls of the store that failed.',
    labelNames: ['method'],
    registers,
  });
  const warnings = new Counter({
    name: 'corral_warnings_total',
    help: 'Warnings of the engine that no task can be told of; the log has their text.',
    registers,
  });
  return {
    storeCall({ method, items: count, ms, failed }) {
      seconds.observe({ method }, ms / 1000);
      items.inc({ method }, count);
      errors.inc({ method }, failed ? 1 : 0);
    },
    warning(message, error, task) {
      warnings.inc();
      logger.warn({ err: error, ...(task === undefined ? {} : taskFields(task)) }, message);
    },
  };
}
