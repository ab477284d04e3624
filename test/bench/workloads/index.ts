/** All workloads, in the order of the report. */
import type { Workload } from '../workload.ts';
import { gather1000, gather10000, gather100000 } from './gather.ts';
import { oneTask } from './one-task.ts';
import { submit } from './submit.ts';

export const workloads: readonly Workload[] = [gather1000, gather10000, gather100000, oneTask, submit];
