/**
 * Reads one partition, whole and read-only. It takes many small calls (SCAN, pages of a hundred), so it holds nobody up,
 * and is no snapshot in the strict sense: on a running system two keys may be read some milliseconds apart.
 */
import { rootOf } from '../contract/ids.ts';
import type { RedisConnection } from '../store/redis-connection.ts';
import { memberRows } from './members.ts';
import { readGroup, readSession, readTask } from './rows.ts';
import { type Shape, type Snapshot, shapes } from './snapshot.ts';
import { type Ask, type Page, readHeads, readHeadsOfFields, readScores, readSet, readTotals } from './values.ts';

const keysAtOnce = 100;

/** What has no key is asked in a script that names one: so it comes to the node of a Redis Cluster that has the partition. */
const scan = `return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 500)`;
const clock = `return redis.call('TIME')`;

export async function readPartition(connection: RedisConnection, partition: number): Promise<Snapshot> {
  const reader = new Reader(connection, partition);
  await reader.read();
  return reader.snapshot;
}

class Reader {
  readonly snapshot: Snapshot;
  readonly #ask: Ask;
  readonly #prefix: string;

  constructor(connection: RedisConnection, partition: number) {
    this.#ask = (command) => connection.ask(command);
    this.#prefix = connection.keys(partition);
    this.snapshot = {
      ...{ partition, time: 0, tasks: new Map(), groups: new Map(), lists: new Map(), lengths: new Map() },
      ...{ sets: new Map(), sorted: new Map(), texts: new Map(), sessions: new Map(), totals: new Map() },
      hashes: new Map(),
      strangers: [],
    };
  }

  async read(): Promise<void> {
    this.snapshot.time = await this.#time();
    const keys = new Set<string>();
    const pattern = `${this.#prefix.replaceAll(/[[\]*?\\]/g, '\\$&')}*`;
    for (let cursor = '0'; ; ) {
      const [next, page] = (await this.#ask((redis) => redis.eval(scan, 1, this.#prefix, cursor, pattern))) as Page;
      for (const key of page) keys.add(key.slice(this.#prefix.length));
      cursor = next;
      if (cursor === '0') break;
    }
    const all = [...keys];
    for (let from = 0; from < all.length; from += keysAtOnce)
      await Promise.all(all.slice(from, from + keysAtOnce).map((key) => this.#key(key)));
    for (const row of memberRows(this.snapshot)) this.snapshot.tasks.set(row.id, row);
    this.#skipRemains();
  }

  /** Trees that are being removed, the root first, are no concern of the rules any more (lua/shared/remove.lua). */
  #skipRemains(): void {
    const { tasks, groups, lists, lengths, sets } = this.snapshot;
    const roots = new Set([...(lists.get('removal')?.get('') ?? [])].map(rootOf));
    const remains: Map<string, unknown>[] = [tasks, groups, ...lists.values(), ...lengths.values(), ...sets.values()];
    for (const map of remains) for (const id of map.keys()) if (roots.has(rootOf(id))) map.delete(id);
  }

  async #key(key: string): Promise<void> {
    if (key.startsWith('ready:')) return; // the queue of BullMQ: hints and nothing else
    const colon = key.indexOf(':');
    const kind = colon < 0 ? key : key.slice(0, colon);
    const rest = colon < 0 ? '' : key.slice(colon + 1);
    const shape = shapes[kind];
    if (shape === undefined) {
      this.snapshot.strangers.push(key);
      return;
    }
    try {
      await this.#value(shape, kind, rest, `${this.#prefix}${key}`);
    } catch (error) {
      if (!String(error).includes('WRONGTYPE')) throw error;
      this.snapshot.strangers.push(key);
    }
  }

  async #value(shape: Shape, kind: string, rest: string, key: string): Promise<void> {
    const { tasks, groups, sessions, lists, lengths, sets, sorted, texts } = this.snapshot;
    switch (shape) {
      case 'task':
        return put(tasks, rest, await readTask(this.#ask, rest, key));
      case 'group':
        return put(groups, rest, await readGroup(this.#ask, rest, key));
      case 'session':
        return put(sessions, rest, await readSession(this.#ask, key));
      case 'totals':
        this.snapshot.totals = await readTotals(this.#ask, key);
        return;
      case 'hash':
        return void kindOf(this.snapshot.hashes, kind).set(rest, await readHeadsOfFields(this.#ask, key));
      case 'list':
        return void kindOf(lists, kind).set(rest, await readHeads(this.#ask, key));
      case 'length':
        return void kindOf(lengths, kind).set(rest, await this.#ask((redis) => redis.llen(key)));
      case 'set':
        return void kindOf(sets, kind).set(rest, await readSet(this.#ask, key));
      case 'sorted':
        return void sorted.set(rest === '' ? kind : `${kind}:${rest}`, await readScores(this.#ask, key));
      case 'text':
        return put(kindOf(texts, kind), rest, (await this.#ask((redis) => redis.get(key))) ?? undefined);
    }
  }

  /** The store's clock; the one of a test stands still in a key. */
  async #time(): Promise<number> {
    const inTest = await this.#ask((redis) => redis.get(`${this.#prefix}test-time`));
    if (inTest !== null) return Number(inTest);
    const [seconds, micros] = (await this.#ask((redis) => redis.eval(clock, 1, this.#prefix))) as string[];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value !== undefined) map.set(key, value);
}

function kindOf<T>(kinds: Map<string, Map<string, T>>, kind: string): Map<string, T> {
  const found = kinds.get(kind) ?? new Map<string, T>();
  kinds.set(kind, found);
  return found;
}
