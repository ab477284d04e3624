/** All workloads, in the order of the report. */
import type { Workload } from '../workload.ts';
import { chain } from './chain.ts';
import { durability } from './durability.ts';
import { fairness } from './fairness.ts';
import { gather1000, gather10000, gather100000 } from './gather.ts';
import { memory } from './memory.ts';
import { million } from './million.ts';
import { oneTask } from './one-task.ts';
import { redisCluster } from './redis-cluster.ts';
import { replay } from './replay.ts';
import { sleeps } from './sleeps.ts';
import { submit } from './submit.ts';
import { tree } from './tree.ts';
import { waitFanOut } from './wait-fan-out.ts';
import { workers } from './workers.ts';

export const workloads: readonly Workload[] = [
  ...[gather1000, gather10000, gather100000, oneTask, tree, sleeps, chain],
  ...[submit, fairness, waitFanOut, memory, million, workers, durability, redisCluster, replay],
];
