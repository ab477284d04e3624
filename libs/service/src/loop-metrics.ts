/** What coroutines ask of the loop, what gathers cost, and what replay costs. */
import type { Instrument } from '@corral/scheduler';
import { Counter, Histogram, type Registry } from 'prom-client';
import { BoundedLabels } from './bounded-labels.ts';
import { callBuckets, durationBuckets, sizeBuckets } from './buckets.ts';

/** The names come from the code of the loop. */
const maxOperations = 50;
const commonOperations = ['createTask', 'gather', 'sleep', 'step', 'task', 'timeout', 'wait'];

export function loopMetrics(registry: Registry): Pick<Instrument, 'operation' | 'gathered' | 'replayed'> {
  const registers = [registry];
  const names = new BoundedLabels(maxOperations);
  const operations = new Counter({
    name: 'corral_operations_total',
    help: 'Operations of the loop that coroutines began; those of a replay are not counted again.',
    labelNames: ['op'],
    registers,
  });
  for (const op of commonOperations) operations.inc({ op: names.admit(op) }, 0);
  const members = new Histogram({
    name: 'corral_gather_members',
    help: 'Members of gathers that went on.',
    buckets: sizeBuckets,
    registers,
  });
  const duration = new Histogram({
    name: 'corral_gather_duration_seconds',
    help: 'From the start of a gather to its results.',
    labelNames: ['outcome'],
    buckets: durationBuckets,
    registers,
  });
  for (const outcome of ['succeeded', 'failed']) duration.zero({ outcome });
  const fanIn = new Histogram({
    name: 'corral_gather_fanin_seconds',
    help: 'From the end of the member that decided a gather, on whichever worker, to its results at the parent.',
    buckets: callBuckets,
    registers,
  });
  const steps = new Histogram({
    name: 'corral_replay_steps',
    help: 'Steps of the histories that were walked again after a worker was lost or drained.',
    buckets: sizeBuckets,
    registers,
  });
  const replay = new Histogram({
    name: 'corral_replay_duration_seconds',
    help: 'How long replays took.',
    buckets: callBuckets,
    registers,
  });
  return {
    operation: ({ op }) => operations.inc({ op: names.admit(op) }),
    gathered: ({ members: count, failed, openMs, fanInMs }) => {
      members.observe(count);
      duration.observe({ outcome: failed ? 'failed' : 'succeeded' }, openMs / 1000);
      fanIn.observe(fanInMs / 1000);
    },
    replayed: ({ steps: count, ms }) => {
      steps.observe(count);
      replay.observe(ms / 1000);
    },
  };
}
