/** A Redis Cluster of a test's own: three primaries on free ports of this machine, with folders that are thrown away. */
import { freePort } from '../scripts/free-port.ts';
import type { RedisBinary } from '../scripts/redis-from-debian.ts';
import { installed, OwnRedis } from './integration/own-redis.ts';
import { until } from './integration/until.ts';

const slots = 16_384;

export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  readonly #replicas: ClusterNode[] = [];

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes;
  }

  /** `flags`: further settings of each node, such as `--appendonly no`. */
  static async start(...flags: string[]): Promise<RedisCluster> {
    return await RedisCluster.startAs(installed, ...flags);
  }

  static async startAs(server: RedisBinary, ...flags: string[]): Promise<RedisCluster> {
    const nodes = await Promise.all([0, 1, 2].map(() => ClusterNode.start(flags, server)));
    const cluster = new RedisCluster(nodes);
    for (const [index, node] of nodes.entries()) {
      const [first, next] = [index, index + 1].map((part) => Math.floor((part * slots) / nodes.length));
      await node.redis.tell('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      await node.redis.tell('CLUSTER', 'ADDSLOTSRANGE', first ?? 0, (next ?? 0) - 1);
      if (index > 0) await cluster.#join(node);
    }
    await cluster.ready();
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ redis }) => `127.0.0.1:${redis.port}`).join(',')}`;
  }

  /** Resolves when every node knows all of them and finds the cluster sound. */
  async ready(): Promise<void> {
    const all = [...this.nodes, ...this.#replicas];
    const sound = (info: unknown): boolean =>
      /cluster_state:ok/.test(String(info)) && String(info).includes(`cluster_known_nodes:${all.length}\r`);
    for (const { redis } of all) await until(() => redis.tell('CLUSTER', 'INFO').catch(String), sound);
  }

  /** Resolves when it has copied all of its primary's data. */
  async addReplica(primary: ClusterNode): Promise<ClusterNode> {
    const replica = await ClusterNode.start(primary.flags);
    this.#replicas.push(replica);
    await this.#join(replica);
    await this.ready();
    await replica.redis.tell('CLUSTER', 'REPLICATE', await primary.id());
    await until(
      () => replica.redis.tell('INFO', 'replication').catch(String),
      (info) => String(info).includes('master_link_status:up'),
    );
    return replica;
  }

  /** The primary that has the slot of a key. */
  async ownerOf(key: string): Promise<ClusterNode> {
    const slot = Number(await this.#ask('KEYSLOT', key));
    const ranges = (await this.#ask('SLOTS')) as [number, number, [string, number]][];
    const [, , [, port]] = ranges.find(([from, to]) => from <= slot && slot <= to) ?? [0, 0, ['', 0]];
    const owner = [...this.nodes, ...this.#replicas].find(({ redis }) => redis.port === port);
    if (owner === undefined) throw new Error(`no node has slot ${slot}`);
    return owner;
  }

  /** Moves the slot of a key, as an operator's tools do: key by key. `halfway`: some of its keys are here, some there. */
  async move(key: string, to: ClusterNode, halfway: () => Promise<void>): Promise<void> {
    const from = await this.ownerOf(key);
    const slot = Number(await from.redis.tell('CLUSTER', 'KEYSLOT', key));
    await to.redis.tell('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await from.id());
    await from.redis.tell('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await to.id());
    for (let moved = 0; ; moved++) {
      const keys = (await from.redis.tell('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
      if (keys.length === 0) break;
      await from.redis.tell('MIGRATE', '127.0.0.1', to.redis.port, '', 0, 5000, 'KEYS', ...keys);
      if (moved === 0) await halfway();
    }
    for (const node of [to, from]) await node.redis.tell('CLUSTER', 'SETSLOT', slot, 'NODE', await to.id());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.nodes, ...this.#replicas].map(({ redis }) => redis.close()));
  }

  /** Of any node that answers. */
  async #ask(...question: string[]): Promise<unknown> {
    return await Promise.any(this.nodes.map(({ redis }) => redis.tell('CLUSTER', ...question)));
  }

  async #join(node: ClusterNode): Promise<void> {
    const [first] = this.nodes as [ClusterNode];
    await first.redis.tell('CLUSTER', 'MEET', '127.0.0.1', node.redis.port, node.busPort);
  }
}

export class ClusterNode {
  readonly redis: OwnRedis;
  readonly busPort: number;
  readonly flags: readonly string[];

  private constructor(redis: OwnRedis, busPort: number, flags: readonly string[]) {
    this.redis = redis;
    this.busPort = busPort;
    this.flags = flags;
  }

  static async start(flags: readonly string[], server = installed): Promise<ClusterNode> {
    const busPort = await freePort();
    return new ClusterNode(await OwnRedis.beginAs(server, ...settings(busPort), ...flags), busPort, flags);
  }

  async restart(): Promise<void> {
    await this.redis.end('SIGKILL');
    await this.redis.start(...settings(this.busPort), ...this.flags);
  }

  async id(): Promise<string> {
    return String(await this.redis.tell('CLUSTER', 'MYID'));
  }
}

const settings = (busPort: number): string[] => [
  ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', String(busPort)],
  ...['--cluster-node-timeout', '2000', '--maxmemory-policy', 'noeviction', '--hz', '100'],
];
