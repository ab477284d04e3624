/**
 * A client for wherever Redis is: one server, a primary that Sentinels know, or a Redis Cluster.
 *
 * C1. Nothing runs in a slot that is on its way to another node (ASK): a script would find there what has arrived, and take
 *     the rest for gone. Its partition is unavailable until all has arrived. That the slot has moved (MOVED) is followed.
 * C2. A Sentinel's primary is asked for anew with each try to connect, so a failover is followed as it is noticed.
 */
import { Cluster, type ClusterNode, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.ts';

export type RedisClient = Redis | Cluster;

export type ClientOptions = Omit<RedisOptions, 'scripts' | 'replyMapping'>;

const sentinelTimeoutMs = 2000;

/** `options` as for one server. */
export function openClient(address: RedisAddress, options: ClientOptions): RedisClient {
  if (address.kind === 'server') return new Redis(address.url, { ...options, replyMapping: 'legacy' });
  const { nodes, login, tls } = address;
  const common = { ...options, ...login, ...(tls ? { tls: {} } : {}) };
  if (address.kind === 'cluster') return openCluster(nodes, common, tls);
  const { name, db, sentinelLogin } = address;
  return new Redis({
    ...common,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    ...{ sentinels: nodes, name, db, sentinelCommandTimeout: sentinelTimeoutMs },
    ...(sentinelLogin.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
    ...(sentinelLogin.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
    ...(options.retryStrategy === undefined ? {} : { sentinelRetryStrategy: options.retryStrategy as () => number }),
    replyMapping: 'legacy',
  });
}

function openCluster(nodes: ClusterNode[], options: ClientOptions, tls: boolean): Cluster {
  const { lazyConnect = false, retryStrategy, ...redisOptions } = options;
  return new PatientCluster(nodes, {
    redisOptions: { ...redisOptions, replyMapping: 'legacy' },
    lazyConnect,
    ...(retryStrategy === undefined ? {} : { clusterRetryStrategy: retryStrategy }),
    // Certificates are for names: nodes are connected to by what they announce.
    ...(tls ? { dnsLookup: (name, callback) => callback(null, name) } : {}),
  });
}

/** Keeps C1, in pipelines, too. What BullMQ duplicates to wait on asks for one key only, which is on either node as a whole. */
class PatientCluster extends Cluster {
  override handleError(...[error, ttl, handlers]: Parameters<Cluster['handleError']>): void {
    if (error.message.startsWith('ASK ')) handlers.defaults();
    else super.handleError(error, ttl, handlers);
  }
}
