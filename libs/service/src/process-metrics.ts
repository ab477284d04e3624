/** What every process tells about itself: Node's own figures, its version, and how late its event loop is. */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import { loopBuckets } from './buckets.ts';
import { LoopMonitor } from './loop-monitor.ts';
import { version } from './version.ts';

export function processMetrics(registry: Registry, role: string): LoopMonitor {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const build = { name: 'corral_build_info', help: '1; the labels tell what runs here.', registers };
  new Gauge({ ...build, labelNames: ['version', 'role'] }).set({ version, role }, 1);

  new Gauge({
    name: 'corral_heap_limit_bytes',
    help: 'Heap size at which the process is killed.',
    registers,
    collect() {
      this.set(getHeapStatistics().heap_size_limit);
    },
  });

  new Counter({
    name: 'nodejs_eventloop_time_seconds_total',
    help: 'Time of the event loop; active / (active + idle) is its utilization.',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, idle } = performance.eventLoopUtilization();
      this.reset();
      this.inc({ state: 'active' }, active / 1000);
      this.inc({ state: 'idle' }, idle / 1000);
    },
  });

  const delay = new Histogram({
    name: 'corral_event_loop_delay_seconds',
    help: 'How late timers fire, sampled every 20 ms.',
    buckets: loopBuckets,
    registers,
  });
  return new LoopMonitor((seconds) => delay.observe(seconds));
}
