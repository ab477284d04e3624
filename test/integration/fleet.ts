/** For each test a cluster of its own on the common Redis: a connection, and worker processes that end with the test. */
import { randomBytes } from 'node:crypto';
import { type Connection, connect, type WorkerOptions } from '@corral/scheduler';
import { afterEach, beforeEach, inject } from 'vitest';
import { endWorker, startWorker, type WorkerProcess } from './worker-process.ts';

export let connection: Connection;
export let workers: WorkerProcess[];
let prefix: string;
let queues: number;

beforeEach(async () => {
  prefix = `test-${randomBytes(6).toString('hex')}`;
  await use(1);
  workers = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => endWorker(worker, 'SIGKILL')));
  await connection.close();
});

async function use(partitions: number): Promise<void> {
  queues = partitions;
  connection = await connect({ url: inject('redisUrl'), prefix, queues });
}

/** Another cluster, with so many partitions. */
export async function repartition(partitions: number): Promise<void> {
  await connection.close();
  prefix += `-${partitions}`;
  await use(partitions);
}

export async function addWorker(name: string, slots = 10, more: Partial<WorkerOptions> = {}): Promise<WorkerProcess> {
  const worker = await startWorker(inject('redisUrl'), prefix, name, slots, more, queues);
  workers.push(worker);
  return worker;
}

/** w0, w1 ..., all at once. */
export async function startWorkers(...slots: number[]): Promise<void> {
  const starting = slots.map((count, index) => startWorker(inject('redisUrl'), prefix, `w${index}`, count, {}, queues));
  workers.push(...(await Promise.all(starting)));
}
