/** The port Views over Redis. */

import { type ClusterFacts, mergeFacts } from '../contract/cluster.ts';
import { decodeEvent, type HistoryEntry, type TaskEvent } from '../contract/history.ts';
import { memberId, memberOf, partitionOf, rootOf } from '../contract/ids.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { SessionInfo } from '../contract/store.ts';
import type { CoroutineView, TaskId, WorkerView } from '../contract/task.ts';
import type { ListQuery, StoreHealth, TaskRecord, Views } from '../contract/views.ts';
import { type FactsAnswer, toFacts } from './facts.ts';
import { checkHealth } from './health.ts';
import { toRecord } from './record-row.ts';
import type { RedisConnection } from './redis-connection.ts';

const recordsAtOnce = 500;

/** Of an entry of `children`. */
const sizeOf = (entry: string | undefined): number => Number(entry?.split(':')[1] ?? 0);

/** Of an entry of `roots`: <id>, or <bundle>+<size>. One that has left its bundle has an entry of its own, too. */
function rootsIn(entry: string): TaskId[] {
  const [id = '', size] = entry.split('+');
  return size === undefined ? [id] : Array.from({ length: Number(size) }, (_, index) => memberId(id, index));
}

export class RedisViews implements Views {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  async records(ids: readonly TaskId[]): Promise<(TaskRecord | undefined)[]> {
    const found = new Map<TaskId, TaskRecord>();
    const byPartition = Map.groupBy(ids, (id) => this.#partition(id));
    for (const [partition, all] of byPartition) {
      for (let from = 0; from < all.length; from += recordsAtOnce) {
        const page = all.slice(from, from + recordsAtOnce);
        const rows = (await this.#connection.run('records', partition, [page.length, ...page])) as string[][];
        for (const [index, row] of rows.entries()) {
          const id = page[index] as TaskId;
          if (row.length > 0) found.set(id, toRecord(id, row));
        }
      }
    }
    return ids.map((id) => found.get(id));
  }

  async watch(id: TaskId, follow = false): Promise<TaskRecord | undefined> {
    const row = (await this.#connection.run('watch', this.#partition(id), [id, follow ? 1 : 0])) as string[];
    return row.length > 0 ? toRecord(id, row) : undefined;
  }

  /** Ids sort by the time at which they were made: newest first. */
  async roots({ before, count }: ListQuery): Promise<TaskId[]> {
    const from = before === undefined ? '+' : `(${before}`; // a bundle stands before its members, and some of those besides
    const lists = await Promise.all(
      this.#partitions.map((partition) =>
        this.#ask('roots', partition, (redis, key) => redis.zrevrangebylex(key, from, '-', 'LIMIT', 0, 2 * count)),
      ),
    );
    const ids = new Set(lists.flat().flatMap(rootsIn));
    const older = [...ids].filter((id) => before === undefined || id < before);
    return older.sort().reverse().slice(0, count);
  }

  async children(id: TaskId, from: number, count: number): Promise<{ ids: TaskId[]; total: number }> {
    const partition = this.#partition(id);
    const total = await this.#ask(`task:${id}`, partition, (redis, key) => redis.hget(key, 'total'));
    const ids: TaskId[] = [];
    let seen = 0;
    // One entry is a child or all members of a gather, so `from + count` entries are always enough.
    const entries = await this.#ask(`children:${id}`, partition, (redis, key) =>
      redis.lrange(key, 0, from + count - 1),
    );
    for (const entry of entries) {
      const [child = '', size] = entry.split(':');
      const members = size === undefined ? 1 : Number(size);
      for (let i = Math.max(0, from - seen); i < members && ids.length < count; i++)
        ids.push(size === undefined ? child : `${child}.${i}`);
      seen += members;
      if (ids.length === count) break;
    }
    // A member without a record has one gather at most (adr/0019).
    return { ids, total: Number(total ?? sizeOf(entries[0])) };
  }

  async logs(id: TaskId): Promise<{ task: TaskId; entries: string[] }[]> {
    const partition = this.#partition(id);
    const root = rootOf(id);
    let tasks = await this.#ask(`logged:${root}`, partition, (redis, key) => redis.zrange(key, 0, '-1'));
    if (id !== root) tasks = await this.#below(id, tasks);
    return await Promise.all(
      tasks.map(async (task) => ({
        task,
        entries: await this.#ask(`logs:${task}`, partition, (redis, key) => redis.lrange(key, 0, -1)),
      })),
    );
  }

  entries(id: TaskId, from: number, count: number): Promise<string[]> {
    return this.#ask(`logs:${id}`, this.#partition(id), (redis, key) => redis.lrange(key, from, from + count - 1));
  }

  async origin(id: TaskId): Promise<{ args: string; firstOp: number } | undefined> {
    const partition = this.#partition(id);
    const [args, firstOp] = await this.#ask(`task:${id}`, partition, (redis, key) =>
      redis.hmget(key, 'args', 'firstOp'),
    );
    if (typeof args === 'string') return { args, firstOp: Number(firstOp ?? 0) };
    const { group, index = 0 } = memberOf(id) ?? {};
    const row = await this.#ask(`backlog:${group}`, partition, (redis, key) => redis.lindex(key, Number(index)));
    return row === null ? undefined : { args: row.split('\n').slice(3).join('\n'), firstOp: 0 };
  }

  history(id: TaskId, from: number, count: number): Promise<HistoryEntry[]> {
    return this.#ask(`history:${id}`, this.#partition(id), (redis, key) => redis.lrange(key, from, from + count - 1));
  }

  async inbox(id: TaskId, from: number, count: number): Promise<TaskEvent[]> {
    const events = await this.#connection.run('inbox', this.#partition(id), [id, from, count, bytesPerCall], count);
    return (events as string[]).map(decodeEvent);
  }

  async #below(ancestor: TaskId, tasks: readonly TaskId[]): Promise<TaskId[]> {
    const partition = this.#partition(ancestor);
    const parents = new Map<TaskId, TaskId | null>();
    const parentOf = async (id: TaskId): Promise<TaskId | null> => {
      const known = parents.get(id);
      if (known !== undefined) return known;
      const parent = await this.#ask(`task:${id}`, partition, (redis, key) => redis.hget(key, 'parent'));
      parents.set(id, parent);
      return parent;
    };
    const below: TaskId[] = [];
    for (const task of tasks) {
      let at: TaskId | null = task;
      while (at !== null && at !== ancestor) at = await parentOf(at);
      if (at === ancestor) below.push(task);
    }
    return below;
  }

  async workers(): Promise<WorkerView[]> {
    const live = await this.#ask('sessions', 0, (redis, key) => redis.zrange(key, 0, '-1'));
    const lost = await this.#ask('lost', 0, (redis, key) => redis.zrange(key, 0, '-1'));
    const views = await Promise.all([...live, ...lost].map((session) => this.#worker(session)));
    return views.filter((view) => view !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async #worker(session: string): Promise<WorkerView | undefined> {
    const row = await this.#ask(`session:${session}`, 0, (redis, key) => redis.hgetall(key));
    if (row['host'] === undefined) return undefined;
    const coroutines = JSON.parse(row['coroutines'] ?? '[]') as SessionInfo['coroutines'];
    return {
      id: session,
      state: row['lost'] !== undefined ? 'lost' : row['draining'] === '1' ? 'draining' : 'up',
      host: row['host'],
      pid: Number(row['pid']),
      version: row['version'] ?? '',
      slots: Number(row['slots']),
      running: row['lost'] !== undefined ? 0 : Number(row['running']),
      suspended: row['lost'] !== undefined ? 0 : Number(row['suspended']),
      coroutines: coroutines.map(({ name }) => name).sort(),
      ...(row['stuck'] === '1' && row['lost'] === undefined ? { stuck: true } : {}),
    };
  }

  async coroutines(): Promise<CoroutineView[]> {
    const sessions = await this.#ask('sessions', 0, (redis, key) => redis.zrange(key, 0, '-1'));
    const texts = await Promise.all(
      sessions.map((session) =>
        this.#ask(`session:${session}`, 0, (redis, key) => redis.hmget(key, 'coroutines', 'lost')),
      ),
    );
    const views = new Map<string, CoroutineView>();
    for (const [text, lost] of texts) {
      if (text === null || text === undefined || (lost ?? null) !== null) continue;
      for (const { name, argsSchema, version } of JSON.parse(text) as SessionInfo['coroutines']) {
        const view = views.get(name) ?? { name, versions: [], workers: 0 };
        view.workers += 1;
        if (argsSchema !== undefined) view.argsSchema = argsSchema;
        if (!view.versions.includes(version)) view.versions.push(version);
        views.set(name, view);
      }
    }
    return [...views.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async cluster(): Promise<ClusterFacts> {
    const answers = await Promise.all(
      this.#partitions.map((partition) => this.#connection.run('facts', partition, [])),
    );
    return mergeFacts(answers.map((answer) => toFacts(answer as FactsAnswer)));
  }

  health(): Promise<StoreHealth> {
    return checkHealth(this.#connection);
  }

  get #partitions(): number[] {
    return Array.from({ length: this.#connection.partitions }, (_, partition) => partition);
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#connection.partitions);
  }

  #ask<T>(
    key: string,
    partition: number,
    command: (redis: RedisConnection['redis'], key: string) => Promise<T>,
  ): Promise<T> {
    return this.#connection.ask((redis) => command(redis, `${this.#connection.keys(partition)}${key}`));
  }
}
