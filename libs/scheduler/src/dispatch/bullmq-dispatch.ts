/**
 * The port Dispatch over BullMQ: one queue a partition, one BullMQ job for a batch of ids. The only file that knows
 * BullMQ. Jobs carry ids and nothing else; retries, delays, results and stalled checks of BullMQ are not used, because
 * nothing is proven by a job (contract/dispatch.ts).
 */
import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Consumer, Consumption, Dispatch, Hint } from '../contract/dispatch.ts';
import type { TaskId } from '../contract/task.ts';

interface Batch {
  ids: TaskId[];
}

type Connection = Redis | Cluster;

const queueName = 'ready';
/** BullMQ: none goes first, then 1, 2, ... 2,097,152 last. Ours: higher first, so every job has one. */
const lowest = 1_000_000;
/** Seconds that one fetch waits for a batch: less than a lease, or a worker that stands still takes what was just taken back from
 *  it (F8: others went on after 7.5 s instead of 4.4). */
const waitS = 2;
const retryMs = 1000;
const mostInHand = 16;

export class BullmqDispatch implements Dispatch {
  readonly #connect: (blocking: boolean) => Connection;
  readonly #prefixOf: (partition: number) => string;
  readonly #onError: (error: Error) => void;
  readonly #queues = new Map<number, Queue<Batch>>();
  readonly #connections: Connection[] = [];
  readonly #sending = new Set<Promise<unknown>>();
  #shared: Connection | undefined;

  /**
   * `connect`: a connection for blocking commands, or one whose commands fail after a while without an answer.
   * `prefixOf`: the hash tag of a partition, so that a queue lies in the slot of its tasks.
   */
  constructor(
    connect: (blocking: boolean) => Connection,
    prefixOf: (partition: number) => string,
    onError: (error: Error) => void,
  ) {
    this.#connect = connect;
    this.#prefixOf = prefixOf;
    this.#onError = onError;
  }

  async send(partition: number, hints: readonly Hint[], batch: number): Promise<void> {
    const jobs = [];
    for (const [priority, group] of Map.groupBy(hints, (hint) => hint.priority)) {
      for (let from = 0; from < group.length; from += batch) {
        const ids = group.slice(from, from + batch).map((hint) => hint.id);
        const opts = { priority: lowest - Math.min(priority, lowest - 1) };
        jobs.push({ name: 'run', data: { ids }, opts });
      }
    }
    const sending = this.#queue(partition).addBulk(jobs);
    this.#sending.add(sending);
    await sending.finally(() => this.#sending.delete(sending));
  }

  async backlog(partition: number): Promise<number> {
    return await this.#queue(partition).getJobCountByTypes('waiting', 'prioritized');
  }

  consume(partition: number, consumer: Consumer): Consumption {
    const worker = new Worker<Batch>(queueName, null, {
      connection: this.#open(true),
      prefix: this.#prefixOf(partition),
      removeOnComplete: { count: 0 },
      drainDelay: waitS,
    });
    worker.on('error', this.#onError);
    const loop = new FetchLoop(worker, consumer);
    return { stop: () => loop.stop() };
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#sending);
    // Before the queues: closing politely would wait for a Redis that is away.
    for (const connection of this.#connections) connection.disconnect();
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  #queue(partition: number): Queue<Batch> {
    let queue = this.#queues.get(partition);
    if (queue === undefined) {
      this.#shared ??= this.#open(false);
      const defaultJobOptions = { removeOnComplete: true, removeOnFail: true };
      queue = new Queue(queueName, { connection: this.#shared, prefix: this.#prefixOf(partition), defaultJobOptions });
      queue.on('error', this.#onError);
      this.#queues.set(partition, queue);
    }
    return queue;
  }

  #open(blocking: boolean): Connection {
    const connection = this.#connect(blocking);
    this.#connections.push(connection);
    return connection;
  }
}

/**
 * Fetches a batch when a slot is free and never before; BullMQ's own loop would fetch ahead and hoard. The next fetch
 * does not wait for the batches in hand: of 100 single tasks in a burst the last was late by 100 x 3 round trips.
 */
class FetchLoop {
  readonly #worker: Worker<Batch>;
  readonly #consumer: Consumer;
  readonly #token = randomUUID();
  readonly #inHand = new Set<Promise<void>>();
  #fetching: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(worker: Worker<Batch>, consumer: Consumer) {
    this.#worker = worker;
    this.#consumer = consumer;
    void this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker.close(true); // ends a blocking fetch
    await this.#fetching;
    await Promise.all(this.#inHand);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#consumer.free();
      if (this.#inHand.size >= mostInHand) await Promise.race(this.#inHand);
      if (this.#stopped) return;
      const fetching = this.#fetch();
      this.#fetching = fetching;
      if (!(await fetching)) await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  /** False when it failed: wait a moment before the next try. */
  async #fetch(): Promise<boolean> {
    try {
      const job = await this.#worker.getNextJob(this.#token);
      if (job !== undefined) this.#handle(job);
      return true;
    } catch (error) {
      if (!this.#stopped) this.#consumer.failed(error);
      return this.#stopped;
    }
  }

  #handle(job: Job<Batch>): void {
    const handled = Promise.all([this.#consumer.take(job.data.ids), job.moveToCompleted(null, this.#token, false)])
      .then(() => undefined)
      .catch((error: unknown) => this.#consumer.failed(error))
      .finally(() => this.#inHand.delete(handled));
    this.#inHand.add(handled);
  }
}
