/** A worker of BullMQ. Arguments: URL, queue, concurrency. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { compute } from '../compute.ts';
import { checkInOrder, type Item } from '../items.ts';

const [url = '', queue = '', concurrency] = process.argv.slice(2);

const processors: Record<string, (job: Job) => Promise<unknown>> = {
  echo: async ({ data }) => data,
  sleep: async ({ data: { ms, ...item } }) => {
    await pause(ms);
    return item;
  },
  compute: async ({ data }) => ({ ...data, sum: compute(data.i) }),
  /** Parent of tasks that return an item. */
  gather: async (job) => {
    const answers = Object.values(await job.getChildrenValues<Item>());
    checkInOrder(
      answers.toSorted((a, b) => a.i - b.i),
      job.data.count,
    );
    return answers.length;
  },
  /** How many nodes there are from here down. */
  node: async (job) => {
    const counts = Object.values(await job.getChildrenValues<number>());
    return counts.reduce((sum, count) => sum + count, 1);
  },
};

const worker = new Worker(
  queue,
  async (job) => {
    const processor = processors[job.name];
    if (processor === undefined) throw new Error(`no processor ${job.name}`);
    return await processor(job);
  },
  { connection: { url, maxRetriesPerRequest: null }, concurrency: Number(concurrency) },
);
worker.on('error', (error) => console.error(error));
worker.on('failed', (_job, error) => console.error(error));
await worker.waitUntilReady();
const redis = new Redis(url);
await redis.rpush('ready', process.pid);
process.on('SIGTERM', () => process.exit(0));
