/** Corral as it is built: an API and workers, processes of their own. This process submits and waits. */
import { join } from 'node:path';
import { type Client, connect, type TaskId, type TaskView } from '@corral/scheduler';
import { freePort } from '../../../scripts/free-port.ts';
import { LocalCluster } from '../../../scripts/local-cluster.ts';
import type { Contender } from '../contest.ts';
import { pids, type Rig } from './rig.ts';

const root = join(import.meta.dirname, '../../..');
const host = '127.0.0.1';
const longestWaitMs = 60_000;

export interface CorralOptions {
  workers?: number;
  slots?: number;
  /** Another Redis than that of the rig. */
  url?: string;
  /** Partitions. */
  queues?: number;
  /** Clusters on one Redis differ in it. */
  prefix?: string;
  /** Of the processes. */
  env?: NodeJS.ProcessEnv;
}

export class Corral {
  readonly client: Client;
  readonly cluster: LocalCluster;
  readonly #rig: Rig;

  static async start(rig: Rig, options: CorralOptions = {}): Promise<Corral> {
    const { workers = 2, slots = 100, url = rig.url, queues = 1, prefix = 'corral' } = options;
    const numbers = { WORKER_SLOTS: String(slots), CORRAL_QUEUES: String(queues) };
    const settings = { REDIS_URL: url, CORRAL_PREFIX: prefix, LOG_LEVEL: 'warn', ...numbers };
    const coroutines = { CORRAL_COROUTINES: join(import.meta.dirname, '../coroutines') };
    const env = { ...process.env, ...settings, ...coroutines, ...options.env };
    const processes = { root, logs: join(rig.home, 'logs', prefix), env, host, port: await freePort() };
    const cluster = await LocalCluster.start({
      ...{ ...processes, workers, workerPort: 0, shutdownMs: 2000 },
      say: (message) => void process.stderr.write(`${message}\n`),
    });
    rig.defer(() => cluster.stop());
    await cluster.untilReady();
    const connection = await connect({ url, prefix, queues });
    rig.defer(() => connection.close());
    return new Corral(rig, cluster, connection.client);
  }

  private constructor(rig: Rig, cluster: LocalCluster, client: Client) {
    this.#rig = rig;
    this.cluster = cluster;
    this.client = client;
  }

  contender(run: Contender['run'], name = 'Corral'): Contender {
    const { redis, redisPid } = this.#rig;
    const { api, workers, broken } = this.cluster;
    const children = [api, ...workers].map(({ child }) => child);
    const processes = { producer: process.pid, redis: redisPid, ...pids(children) };
    return { name, processes, redis: [redis], broken, run };
  }

  /** Submits a coroutine, and answers its result. */
  async run(coroutine: string, args: unknown): Promise<unknown> {
    const { id } = await this.client.submit(coroutine, args);
    return (await this.settled(id)).result;
  }

  /** @throws Error when it has not succeeded */
  async settled(id: TaskId): Promise<TaskView> {
    const view = await this.client.wait(id, longestWaitMs);
    if (view?.state !== 'succeeded') throw new Error(`task ${id}: ${JSON.stringify(view)}`);
    return view;
  }
}
