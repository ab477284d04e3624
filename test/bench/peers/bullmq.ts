/** BullMQ as its users have it: a queue, workers in processes of their own, events that tell of results. */
import { type FlowJob, FlowProducer, type Job, Queue, QueueEvents } from 'bullmq';
import type { Contender } from '../contest.ts';
import type { Item } from '../items.ts';
import type { Helpers, Rig } from './rig.ts';

const database = 1;
/** More than any workload has, so that no result is trimmed before it has been read. */
const maxEvents = 1_000_000;
const bulk = 1000;
const once = { removeOnComplete: true };
/** Who waits for one job looks at it first, so it must still be there. */
const awaited = { removeOnComplete: 100 };

export interface BullmqOptions {
  /** Name of the queue. */
  queue?: string;
  workers?: number;
  /** Of each worker. */
  concurrency?: number;
}

export class Bullmq {
  readonly queue: Queue;
  readonly #rig: Rig;
  readonly #processes: Record<string, number>;
  readonly #broken: Promise<never>;
  readonly #events: QueueEvents;
  readonly #flows: FlowProducer;

  static async start(rig: Rig, options: BullmqOptions = {}): Promise<Bullmq> {
    const { queue: queueName = 'bench', workers = 2, concurrency = 100 } = options;
    const helpers = await rig.helpers('bullmq-worker', workers, database, [queueName, String(concurrency)]);
    const connection = { url: `${rig.url}/${database}` };
    const queue = new Queue(queueName, { connection, streams: { events: { maxLen: maxEvents } } });
    const events = new QueueEvents(queueName, { connection });
    const flows = new FlowProducer({ connection });
    for (const part of [queue, events, flows]) rig.defer(() => part.close());
    await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), flows.waitUntilReady()]);
    return new Bullmq(rig, helpers, { queue, events, flows });
  }

  private constructor(
    rig: Rig,
    { processes, broken }: Helpers,
    { queue, events, flows }: { queue: Queue; events: QueueEvents; flows: FlowProducer },
  ) {
    this.#rig = rig;
    this.#processes = { ...processes };
    this.#broken = broken;
    this.queue = queue;
    this.#events = events;
    this.#flows = flows;
  }

  contender(run: Contender['run'], name = 'BullMQ'): Contender {
    const { redis, redisPid } = this.#rig;
    const processes = { producer: process.pid, redis: redisPid, ...this.#processes };
    return { name, processes, redis: [redis], broken: this.#broken, run };
  }

  /** Plain jobs in bulk; their results come as events. In the order of `work`. */
  all<Work extends Item>(name: string, work: readonly Work[]): Promise<Item[]> {
    return this.results(work.length, async () => {
      for (let i = 0; i < work.length; i += bulk)
        await this.queue.addBulk(work.slice(i, i + bulk).map((data) => ({ name, data, opts: once })));
    });
  }

  /** So many results, in order, of what `begin` adds to the queue. */
  async results(count: number, begin: () => Promise<void>): Promise<Item[]> {
    const answers: Item[] = [];
    let left = count;
    const done = Promise.withResolvers<void>();
    const listen = ({ returnvalue }: { returnvalue: string }): void => {
      const answer = returnvalue as unknown as Item; // its type says text, but it has been parsed
      answers[answer.i] = answer;
      left -= 1;
      if (left === 0) done.resolve();
    };
    this.#events.on('completed', listen);
    try {
      await begin();
      await done.promise;
    } finally {
      this.#events.off('completed', listen);
    }
    return answers;
  }

  /** An API process that puts a job on the queue for each request; answers its URL, and makes it one of the processes. */
  async api(): Promise<string> {
    const { processes, said } = await this.#rig.helpers('bullmq-api', 1, database, [this.queue.name]);
    Object.assign(this.#processes, processes);
    return `http://127.0.0.1:${said[0]}`;
  }

  /** One job, from adding it to its result. */
  async one(name: string, data: unknown): Promise<unknown> {
    const job = await this.queue.add(name, data, awaited);
    return await this.#result(job);
  }

  /** A flow: a parent, and children that may be parents; answers what the parent returns. */
  async flow(tree: FlowTree): Promise<unknown> {
    const { job } = await this.#flows.add({ ...asFlow(tree, this.queue.name), opts: awaited });
    return await this.#result(job);
  }

  async #result(job: Job): Promise<unknown> {
    return await job.waitUntilFinished(this.#events);
  }
}

export interface FlowTree {
  name: string;
  data: unknown;
  children?: readonly FlowTree[];
}

const asFlow = ({ name, data, children }: FlowTree, queueName: string): FlowJob => ({
  ...{ name, data, queueName, opts: once },
  ...(children === undefined ? {} : { children: children.map((child) => asFlow(child, queueName)) }),
});
