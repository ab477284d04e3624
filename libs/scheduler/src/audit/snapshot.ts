/**
 * Reads one partition as it lies in Redis, whole and read-only: the keys of docs/reference/redis-keys.md and nothing of
 * what users put into them. It takes many small calls (SCAN, pages of a hundred), so it holds nobody up, and is no
 * snapshot in the strict sense: on a running system two keys may be read some milliseconds apart.
 */
import { rootOf } from '../contract/ids.ts';
import type { SessionId, TaskId, TaskState } from '../contract/task.ts';
import type { RedisConnection } from '../store/redis-connection.ts';
import { memberRows } from './members.ts';

export interface TaskRow {
  id: TaskId;
  state: TaskState;
  coroutine: string;
  attempt: number;
  token: string | undefined;
  worker: SessionId | undefined;
  parent: TaskId | undefined;
  op: string | undefined;
  group: TaskId | undefined;
  /** A member that was cancelled before its turn came. */
  undispatched: boolean;
  finished: boolean;
  /** Suspended, and run by nobody until it gets an event. */
  parked: boolean;
  hasPayload: boolean;
  /** A member of a gather that is no record of its own (adr/0010). */
  isEntry: boolean;
  /** A root whose coroutine has ended and whose tree has not. */
  ending: boolean;
  /** A failed attempt of it has ended, the next is not ready: since its children still end, or until its time has come. */
  retrying: 'children' | 'time' | undefined;
  /** Operations of an attempt that has failed are numbered below, and tell nothing any more. */
  firstOp: number;
  /** Inbox events that its worker had at its last commit. */
  known: number;
  counts: Record<CountName, number>;
}

export const countNames = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type CountName = (typeof countNames)[number] | 'total';

export interface GroupRow {
  id: TaskId;
  parent: TaskId;
  op: string;
  size: number;
  popped: number;
  inflight: number;
  left: number;
  /** Members that were handed out, have not ended and are no records. */
  entries: number;
  limit: number;
  returnExceptions: boolean;
  decided: boolean;
  /** Index from which on the members ended before their turn. */
  dropped: number | undefined;
}

export interface SessionRow {
  slots: number;
  draining: boolean;
  lost: boolean;
}

export interface Snapshot {
  partition: number;
  /** Milliseconds of the store's clock. */
  time: number;
  tasks: Map<TaskId, TaskRow>;
  groups: Map<TaskId, GroupRow>;
  /** Values by kind of key, then by the rest of the key ('' for the keys of which there is one). */
  lists: Map<string, Map<string, string[]>>;
  lengths: Map<string, Map<string, number>>;
  sets: Map<string, Map<string, Set<string>>>;
  sorted: Map<string, Map<string, number>>;
  /** Running totals of the partition (T5). */
  totals: Map<string, number>;
  texts: Map<string, Map<string, string>>;
  /** Beginnings of the values, by kind of key, rest of the key, and field. */
  hashes: Map<string, Map<string, Map<string, string>>>;
  sessions: Map<SessionId, SessionRow>;
  /** Keys of the partition that no kind explains, or whose type is wrong. */
  strangers: string[];
}

type Shape = 'task' | 'group' | 'session' | 'totals' | 'hash' | 'list' | 'length' | 'set' | 'sorted' | 'text';

/** Every kind of key that there is; a test holds it to docs/reference/redis-keys.md. */
export const shapes: Readonly<Record<string, Shape>> = {
  task: 'task',
  group: 'group',
  session: 'session',
  counts: 'totals',
  inbox: 'list',
  children: 'list',
  removal: 'list',
  history: 'length',
  logs: 'length',
  backlog: 'length',
  entries: 'hash',
  batches: 'hash',
  staged: 'length',
  live: 'set',
  later: 'set',
  waiters: 'set',
  alarms: 'set',
  awaited: 'set',
  abroad: 'set',
  outboxes: 'set',
  outbox: 'length',
  posted: 'text',
  seen: 'text',
  claims: 'set',
  serving: 'set',
  serves: 'set',
  stranded: 'set',
  names: 'set',
  roots: 'sorted',
  logged: 'sorted',
  ready: 'sorted',
  hinted: 'sorted',
  timers: 'sorted',
  checks: 'sorted',
  ending: 'sorted',
  expiring: 'sorted',
  sessions: 'sorted',
  lost: 'sorted',
  idempotency: 'text',
  virtual: 'text',
  capacity: 'text',
  uptime: 'text',
  swept: 'text',
  deaths: 'text',
  'test-time': 'text',
};

const keysAtOnce = 100;
const entriesAtOnce = '200';
/** The beginning of a list's entries: enough for every id, and never a result of a megabyte. */
const headLength = 120;
const headsOfList = `
local heads = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
for i = 1, #heads do heads[i] = string.sub(heads[i], 1, tonumber(ARGV[3])) end
return heads`;
const headsOfHash = `
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 200)
for i = 2, #page[2], 2 do page[2][i] = string.sub(page[2][i], 1, tonumber(ARGV[2])) end
return page`;

/** What has no key is asked in a script that names one: so it comes to the node of a Redis Cluster that has the partition. */
const scan = `return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 500)`;
const clock = `return redis.call('TIME')`;
type Page = [cursor: string, keys: string[]];

const taskFields = [
  ...['state', 'coroutine', 'attempt', 'token', 'worker', 'parent', 'op', 'group', 'undispatched', 'finished', 'known'],
  ...['retryMs', 'retryAt', 'parked', 'firstOp'],
  ...['total', ...countNames],
] as const;
const groupFields = [
  ...[
    'parent',
    'op',
    'size',
    'popped',
    'inflight',
    'left',
    'entries',
    'limit',
    'returnExceptions',
    'decided',
    'dropped',
  ],
] as const;

export async function readPartition(connection: RedisConnection, partition: number): Promise<Snapshot> {
  const reader = new Reader(connection, partition);
  await reader.read();
  return reader.snapshot;
}

class Reader {
  readonly snapshot: Snapshot;
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(connection: RedisConnection, partition: number) {
    this.#connection = connection;
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
        return put(tasks, rest, await this.#task(rest, key));
      case 'group':
        return put(groups, rest, await this.#group(rest, key));
      case 'session':
        return put(sessions, rest, await this.#session(key));
      case 'totals':
        this.snapshot.totals = await this.#totals(key);
        return;
      case 'hash':
        return void kindOf(this.snapshot.hashes, kind).set(rest, await this.#headsOfFields(key));
      case 'list':
        return void kindOf(lists, kind).set(rest, await this.#heads(key));
      case 'length':
        return void kindOf(lengths, kind).set(rest, await this.#ask((redis) => redis.llen(key)));
      case 'set':
        return void kindOf(sets, kind).set(rest, await this.#set(key));
      case 'sorted':
        return void sorted.set(rest === '' ? kind : `${kind}:${rest}`, await this.#sorted(key));
      case 'text':
        return put(kindOf(texts, kind), rest, (await this.#ask((redis) => redis.get(key))) ?? undefined);
    }
  }

  async #task(id: TaskId, key: string): Promise<TaskRow | undefined> {
    const [values, payload, ending] = await Promise.all([
      this.#ask((redis) => redis.hmget(key, ...taskFields)),
      this.#ask((redis) => redis.hexists(key, 'payload')),
      this.#ask((redis) => redis.hexists(key, 'ending')),
    ]);
    const row = named(taskFields, values);
    if (row.size === 0) return undefined; // it has gone meanwhile
    const counts = Object.fromEntries(['total', ...countNames].map((name) => [name, Number(row.get(name) ?? 0)]));
    return {
      id,
      state: (row.get('state') ?? '') as TaskState,
      coroutine: row.get('coroutine') ?? '',
      attempt: Number(row.get('attempt') ?? 0),
      token: row.get('token'),
      worker: row.get('worker'),
      parent: row.get('parent'),
      op: row.get('op'),
      group: row.get('group'),
      undispatched: row.has('undispatched'),
      finished: row.has('finished'),
      parked: row.has('parked'),
      hasPayload: payload === 1,
      isEntry: false,
      ending: ending === 1,
      retrying: row.has('retryMs') ? 'children' : row.has('retryAt') ? 'time' : undefined,
      firstOp: Number(row.get('firstOp') ?? 0),
      known: Number(row.get('known') ?? 0),
      counts: counts as TaskRow['counts'],
    };
  }

  async #group(id: TaskId, key: string): Promise<GroupRow | undefined> {
    const row = named(groupFields, await this.#ask((redis) => redis.hmget(key, ...groupFields)));
    if (row.size === 0) return undefined;
    const number = (name: string): number => Number(row.get(name) ?? 0);
    return {
      id,
      parent: row.get('parent') ?? '',
      op: row.get('op') ?? '',
      size: number('size'),
      popped: number('popped'),
      inflight: number('inflight'),
      left: number('left'),
      entries: number('entries'),
      limit: number('limit'),
      returnExceptions: row.get('returnExceptions') === '1',
      decided: row.get('decided') === '1',
      dropped: row.has('dropped') ? number('dropped') : undefined,
    };
  }

  async #session(key: string): Promise<SessionRow> {
    const [slots, draining, lost] = await this.#ask((redis) => redis.hmget(key, 'slots', 'draining', 'lost'));
    return { slots: Number(slots ?? 0), draining: draining === '1', lost: typeof lost === 'string' };
  }

  async #totals(key: string): Promise<Map<string, number>> {
    const row = await this.#ask((redis) => redis.hgetall(key));
    return new Map(Object.entries(row).map(([name, value]) => [name, Number(value)]));
  }

  async #heads(key: string): Promise<string[]> {
    const heads: string[] = [];
    for (;;) {
      const from = heads.length;
      const page = (await this.#ask((redis) =>
        redis.eval(headsOfList, 1, key, from, from + keysAtOnce - 1, headLength),
      )) as string[];
      heads.push(...page);
      if (page.length < keysAtOnce) return heads;
    }
  }

  async #headsOfFields(key: string): Promise<Map<string, string>> {
    const heads = new Map<string, string>();
    for (let cursor = '0'; ; ) {
      const [next, page] = (await this.#ask((redis) => redis.eval(headsOfHash, 1, key, cursor, headLength))) as Page;
      for (let i = 0; i < page.length; i += 2) heads.set(page[i] as string, page[i + 1] as string);
      cursor = next;
      if (cursor === '0') return heads;
    }
  }

  async #set(key: string): Promise<Set<string>> {
    const members = new Set<string>();
    for (let cursor = '0'; ; ) {
      const [next, page] = await this.#ask((redis) => redis.sscan(key, cursor, 'COUNT', entriesAtOnce));
      for (const member of page) members.add(member);
      cursor = next;
      if (cursor === '0') return members;
    }
  }

  async #sorted(key: string): Promise<Map<string, number>> {
    const scores = new Map<string, number>();
    for (let cursor = '0'; ; ) {
      const [next, page] = await this.#ask((redis) => redis.zscan(key, cursor, 'COUNT', entriesAtOnce));
      for (let i = 0; i < page.length; i += 2) scores.set(page[i] as string, Number(page[i + 1]));
      cursor = next;
      if (cursor === '0') return scores;
    }
  }

  /** The store's clock; the one of a test stands still in a key. */
  async #time(): Promise<number> {
    const inTest = await this.#ask((redis) => redis.get(`${this.#prefix}test-time`));
    if (inTest !== null) return Number(inTest);
    const [seconds, micros] = (await this.#ask((redis) => redis.eval(clock, 1, this.#prefix))) as string[];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

  #ask<T>(command: (redis: RedisConnection['redis']) => Promise<T>): Promise<T> {
    return this.#connection.ask(command);
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

function named(fields: readonly string[], values: readonly (string | null)[]): Map<string, string> {
  const row = new Map<string, string>();
  for (const [index, field] of fields.entries()) {
    const value = values[index];
    if (value !== null && value !== undefined) row.set(field, value);
  }
  return row;
}
