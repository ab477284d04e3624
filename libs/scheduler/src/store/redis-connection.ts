/**
 * One connection to Redis that knows the scripts, and one for news. Keys of a partition share one hash tag.
 *
 * When Redis is away:
 * A1. A call fails within seconds, with StoreUnavailableError; who needs it makes it again. Nothing queues up here after
 *     the first connection: what waits for a Redis that is away for long would all arrive at once when it is back.
 * A2. A call that was cut off may have been executed, and ioredis sends it again: scripts may be sent twice.
 * A3. A connection that is silent while an answer is due is given up and made anew, within a second of Redis's return.
 * A4. A Redis that has become a replica is left: the name may lead to the new primary by now.
 */
import { Cluster, type Redis } from 'ioredis';
import type { Instrument } from '../contract/instrument.ts';
import { parseRedisUrl, type RedisAddress } from './redis-address.ts';
import { type ClientOptions, openClient, type RedisClient } from './redis-client.ts';
import { isKnownLibrary, isUnknownFunction, passingReason, redisError } from './redis-error.ts';
import { loadScripts, type Script, type ScriptName } from './scripts.ts';

export interface RedisStoreOptions {
  /** As in redis-address.ts. */
  url: string;
  /** Of every key and channel. */
  prefix: string;
  /** Task trees are spread over so many partitions (`CORRAL_QUEUES`); the same for all processes of a cluster. */
  partitions: number;
  /** For tests: the store's clock is the key `test-time` of each partition. */
  testTime?: boolean;
  /** For tests: another text for a script, to see that a broken one is caught. */
  patch?: (name: ScriptName, text: string) => string;
}

const commandTimeoutMs = 5000;
/** Of data, while an answer is due (A3). The longest answers are those of BullMQ's blocking fetch: 5 s. */
const socketTimeoutMs = 3000;
const blockingSocketTimeoutMs = 10_000;
const connectTimeoutMs = 2000;
/** So that a subscription hears of a dead line, too: nothing is ever due there. */
const keepAliveMs = 5000;
/** Answers of a Redis that is not the primary, or not yet (A4). */
const leaving = /^(READONLY|LOADING|UNBLOCKED)/;
const firstRetryMs = 50;
const lastRetryMs = 1000;

/** Of the data in Redis (docs/reference/redis-keys.md). One more when scripts of the version before would misread it. */
const format = 3;
const raise = `local known = tonumber(redis.call('GET', KEYS[1]) or 0)
if known < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return known`;

export class RedisConnection {
  readonly redis: RedisClient;
  readonly partitions: number;
  readonly #prefix: string;
  readonly #options: ClientOptions;
  readonly #address: RedisAddress;
  readonly #instrument: Instrument;
  readonly #scripts: Record<ScriptName, Script>;
  /** Those that are being loaded into Redis. */
  readonly #loading = new Map<Script, Promise<unknown[]>>();
  /** Why there is no connection. */
  #away: string | undefined;
  #wasReady = false;

  constructor(options: RedisStoreOptions, instrument: Instrument = {}) {
    this.#address = parseRedisUrl(options.url);
    this.#prefix = options.prefix;
    this.partitions = options.partitions;
    this.#instrument = instrument;
    this.#options = {
      connectTimeout: connectTimeoutMs,
      keepAlive: keepAliveMs,
      maxRetriesPerRequest: null,
      retryStrategy: (times) =>
        Math.min(firstRetryMs * 2 ** Math.min(times, 10), lastRetryMs) * (0.5 + Math.random() / 2),
      reconnectOnError: (error) => {
        if (!leaving.test(error.message)) return false;
        this.#away = passingReason(error.message);
        return 1;
      },
    };
    const { testTime: forTests = false, patch } = options;
    this.#scripts = loadScripts({ forTests, ...(patch === undefined ? {} : { patch }) });
    this.redis = this.open({ blocking: false });
    this.redis.on('ready', () => {
      // A Cluster keeps its queue for moments in which one node is being connected to.
      if (!(this.redis instanceof Cluster)) this.redis.options.enableOfflineQueue = false;
      this.#wasReady = true;
      this.#away = undefined;
    });
    this.redis.on('error', (error: Error) => {
      this.#away = wordsOf(error);
    });
  }

  /** Another connection, for subscriptions and for BullMQ. `blocking`: it may wait long for an answer. */
  open({ blocking }: { blocking: boolean }): RedisClient {
    const timeouts = blocking
      ? { socketTimeout: blockingSocketTimeoutMs }
      : { socketTimeout: socketTimeoutMs, commandTimeout: commandTimeoutMs };
    const redis = openClient(this.#address, { ...this.#options, ...timeouts });
    // Each try to connect again fails the same way: one word about an outage is enough.
    let told = false;
    redis.on('ready', () => {
      told = false;
    });
    redis.on('error', (error: Error) => {
      if (!told) this.#instrument.warning?.('redis', error);
      told = true;
    });
    return redis;
  }

  /** The hash tag of a partition: all its keys lie in one slot of a Redis Cluster. */
  tag(partition: number): string {
    return `{${this.#prefix}:${partition}}`;
  }

  /** What all keys of a partition begin with. */
  keys(partition: number): string {
    return `${this.tag(partition)}:`;
  }

  /**
   * The number of partitions is part of where a task lies, so all processes of a cluster must have the same.
   * @throws Error that names both numbers.
   */
  async agreeOnPartitions(): Promise<void> {
    const key = `{${this.#prefix}}:partitions`;
    await this.ask((redis) => redis.setnx(key, this.partitions));
    const agreed = await this.ask((redis) => redis.get(key));
    if (Number(agreed) !== this.partitions)
      throw new RangeError(
        `CORRAL_QUEUES is ${this.partitions} here, but this cluster (CORRAL_PREFIX ${this.#prefix}) was set up with ${agreed}`,
      );
  }

  /**
   * Scripts of an older version would misread what a newer one has written: a process of an older one does not start.
   * @throws RangeError that names both formats.
   */
  async agreeOnFormat(): Promise<void> {
    const known = await this.ask((redis) => redis.eval(raise, 1, `{${this.#prefix}}:format`, format));
    if (Number(known) > format)
      throw new RangeError(
        `this cluster (CORRAL_PREFIX ${this.#prefix}) was used by a newer version of Corral: its data has format ${known}, and this version knows ${format}. Start the newer version again`,
      );
  }

  /** Channel of news about settled tasks; `<channel>:<session>` has what is for one session, `<channel>:<client>` what is for
   *  one client. */
  get channel(): string {
    return `${this.#prefix}:news`;
  }

  /** `items`: how many tasks the call is about. */
  async run(script: ScriptName, partition: number, args: (string | number)[], items = 1): Promise<unknown> {
    const began = performance.now();
    let failed = true;
    try {
      if (this.redis.status !== 'ready') await this.#reachable();
      const answer = await this.#call(this.#scripts[script], this.keys(partition), args);
      failed = false;
      return answer;
    } catch (error) {
      throw redisError(error, this.#away);
    } finally {
      this.#instrument.storeCall?.({ method: script, items, ms: performance.now() - began, failed });
    }
  }

  /**
   * So that a process which may not load them, or finds memory full, does not start.
   * @throws Error of Redis that says why it refuses them.
   */
  async loadScripts(): Promise<void> {
    const scripts = Object.values(this.#scripts);
    await this.askPrimaries(async (redis) => {
      const known = new Set((await redis.function('LIST', 'LIBRARYNAME', 'corral_*')).map(libraryName));
      for (const script of scripts) if (!known.has(script.name)) await loadInto(redis, script);
    });
  }

  /** A Redis that does not know the script has not begun with it: a new one, or one that has lost its data. */
  async #call(script: Script, keys: string, args: (string | number)[]): Promise<unknown> {
    const call = (): Promise<unknown> => this.redis.fcall(script.name, 1, keys, ...args);
    try {
      return await call();
    } catch (error) {
      if (!isUnknownFunction(error)) throw error;
    }
    const refusals = await this.#load(script);
    return await call().catch((error: unknown) => {
      throw isUnknownFunction(error) ? (refusals[0] ?? error) : error;
    });
  }

  /** Answers why a server has not taken it: of a Redis Cluster another one may be asked. Many calls may miss a script at once. */
  #load(script: Script): Promise<unknown[]> {
    const load = (redis: Redis): Promise<unknown[]> =>
      loadInto(redis, script).then(
        () => [],
        (error: unknown) => [error],
      );
    let loading = this.#loading.get(script);
    if (loading === undefined) {
      loading = Promise.all(this.#primaries().map(load)).then((refusals) => refusals.flat());
      this.#loading.set(
        script,
        loading.finally(() => this.#loading.delete(script)),
      );
    }
    return loading;
  }

  /** For plain commands: the same errors as for scripts. */
  async ask<T>(command: (redis: RedisClient) => Promise<T>): Promise<T> {
    try {
      if (this.redis.status !== 'ready') await this.#reachable();
      return await command(this.redis);
    } catch (error) {
      throw redisError(error, this.#away);
    }
  }

  /** Every server that holds keys: the one, or all primaries of a Redis Cluster, each with its address. */
  askPrimaries<T>(command: (redis: Redis, node: string | undefined) => Promise<T>): Promise<T[]> {
    return this.ask(() => {
      const primaries = this.#primaries();
      if (primaries.length === 0) throw new Error('Connection is closed.');
      const named = this.redis instanceof Cluster;
      return Promise.all(
        primaries.map((redis) => command(redis, named ? `${redis.options.host}:${redis.options.port}` : undefined)),
      );
    });
  }

  #primaries(): Redis[] {
    return this.redis instanceof Cluster ? this.redis.nodes('master') : [this.redis];
  }

  /** A1: what a Cluster cannot send at once it would keep for as long as it has no node, so it is not even asked. */
  async #reachable(): Promise<void> {
    const { redis } = this;
    if (!(redis instanceof Cluster)) return;
    if (this.#wasReady) throw new Error('Connection is closed.');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Error('Command timed out')), commandTimeoutMs);
    redis.once('ready', resolve);
    try {
      await promise;
    } finally {
      clearTimeout(late);
      redis.off('ready', resolve);
    }
  }

  close(): void {
    this.redis.disconnect();
  }
}

async function loadInto(redis: Redis, { text }: Script): Promise<void> {
  try {
    await redis.function('LOAD', text);
  } catch (error) {
    if (!isKnownLibrary(error)) throw error;
  }
}

/** Of an entry of FUNCTION LIST: names and values by turns. */
const libraryName = (entry: unknown): unknown => (entry as unknown[])[(entry as unknown[]).indexOf('library_name') + 1];

/** A Redis Cluster says of an outage only that no node has helped; the last of them has said why. */
const wordsOf = (error: Error & { lastNodeError?: Error }): string =>
  error.lastNodeError === undefined ? error.message : `${error.message} ${error.lastNodeError.message}`;
