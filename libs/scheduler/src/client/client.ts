/**
 * Client: submit tasks, wait for them, look at them, cancel them. Speaks to the ports only, and keeps no state but the
 * list of its own waits.
 */
import type { Clock } from '../contract/clock.ts';
import type { ClusterFacts } from '../contract/cluster.ts';
import { decode } from '../contract/codec.ts';
import type { Dispatch, Hint } from '../contract/dispatch.ts';
import { LookupError, StoreUnavailableError } from '../contract/exceptions.ts';
import { isTaskId, partitionOf } from '../contract/ids.ts';
import type { Instrument } from '../contract/instrument.ts';
import { type Limits, longestNote, sized } from '../contract/limits.ts';
import type { RecordedHistory } from '../contract/recorded-history.ts';
import type { Cancel, Listener, Store } from '../contract/store.ts';
import {
  type CoroutineView,
  isSettled,
  type Page,
  type TaskId,
  type TaskLogs,
  type TaskState,
  type TaskTree,
  type TaskView,
  type WorkerView,
} from '../contract/task.ts';
import type { TaskRecord, Views } from '../contract/views.ts';
import { type BatchOptions, type NewTask, type SubmitOptions, Submits, type Submitted } from './submits.ts';
import { taskHistory } from './task-history.ts';
import { type TaskUpdate, taskUpdates } from './task-updates.ts';
import { taskView } from './task-view.ts';
import { Waiters } from './waiters.ts';

export interface ListOptions {
  state?: TaskState;
  coroutine?: string;
  cursor?: string;
  /** 50 by default. */
  limit?: number;
}

export interface ClientParts {
  store: Store;
  views: Views;
  dispatch: Dispatch;
  clock: Clock;
  instrument: Instrument;
  limits: Limits;
  /** Of tasks that say nothing else. */
  resultTtlMs?: number;
}

/** A filtered list looks at so many rows for one page, then hands out a cursor to go on from. */
const mostScanned = 2000;
const scanPage = 200;

export class Client {
  readonly #parts: ClientParts;
  readonly #waiters: Waiters;
  readonly #submits: Submits;
  #listening: Promise<{ close(): Promise<void> }> | undefined;
  /** What settles is told here from now on. */
  #hears = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#waiters = new Waiters(parts.clock);
    this.#submits = new Submits({
      ...parts,
      hint: (partition, hints) => this.#hint(partition, hints),
      creating: (id) => {
        if (this.#hears) this.#waiters.expect(id);
      },
    });
  }

  /**
   * Creates a root task. It exists as soon as this resolves, whether or not a worker knows the coroutine.
   * @throws RangeError for an option, UnserializableError, PayloadTooLargeError, IdempotencyConflictError,
   *   StoreUnavailableError; nothing is created then.
   */
  async submit(coroutine: string, args: unknown, options: SubmitOptions = {}): Promise<TaskView> {
    return (await this.submitOnce(coroutine, args, options)).task;
  }

  /** As submit; `replayed` tells that the task was created before under the same idempotency key. */
  async submitOnce(
    coroutine: string,
    args: unknown,
    { idempotencyKey, trace, ...options }: SubmitOptions = {},
  ): Promise<{ task: TaskView; replayed: boolean }> {
    const once = idempotencyKey === undefined ? { trace } : { trace, idempotencyKey };
    const submitted = await this.#submits.one({ coroutine, args, options }, once);
    const [task = submitted.task] = await this.#asTheyAre([submitted]);
    return { task, replayed: submitted.replayed };
  }

  /**
   * Creates root tasks, in few calls of the store; answers in their order. All are checked before any is created.
   * `replayed`: the key came before. A call that failed with StoreUnavailableError may have created some of them; with
   * an idempotency key it may be repeated, and creates the others.
   * @throws as submit; the message names the task, by its index
   */
  async submitAll(
    tasks: readonly NewTask[],
    options: BatchOptions = {},
  ): Promise<{ tasks: TaskView[]; replayed: boolean }> {
    const submitted = await this.#submits.all(tasks, options);
    return { tasks: await this.#asTheyAre(submitted), replayed: submitted[0]?.replayed ?? false };
  }

  /** The tasks are accepted: a store that goes away now is no reason to say anything else. */
  async #asTheyAre(submitted: readonly Submitted[]): Promise<TaskView[]> {
    const before = submitted.filter(({ replayed }) => replayed).map(({ task }) => task.id);
    const now = new Map<TaskId, TaskView>();
    try {
      const records = before.length === 0 ? [] : await this.#parts.views.records(before);
      for (const record of records) if (record !== undefined) now.set(record.id, taskView(record));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    return submitted.map(({ task }) => now.get(task.id) ?? task);
  }

  async get(id: TaskId): Promise<TaskView | undefined> {
    const [record] = await this.#parts.views.records([id]);
    return record === undefined ? undefined : taskView(record);
  }

  /** Answers as soon as the task is settled, or when `ms` are over with the view at that time. */
  async wait(id: TaskId, ms: number, signal?: AbortSignal): Promise<TaskView | undefined> {
    if (ms <= 0) return await this.get(id);
    await this.#listen();
    const { views } = this.#parts;
    let seen: TaskView | undefined;
    let away: unknown;
    const look = async (first: boolean, ended: TaskRecord | undefined): Promise<TaskView | undefined> => {
      try {
        const [record] = first ? [await views.watch(id)] : ended === undefined ? await views.records([id]) : [ended];
        away = undefined;
        seen = record === undefined ? undefined : taskView(record);
      } catch (error) {
        // Who waits already goes on waiting while the store is away: it may be back before the wait is over.
        if (first || !(error instanceof StoreUnavailableError)) throw error;
        away = error;
      }
      return seen;
    };
    await this.#waiters.wait(id, ms, look, (view) => view === undefined || isSettled(view.state), signal);
    if (away !== undefined) throw away;
    return seen;
  }

  /** Requests a cancel; changes nothing when the task is settled. `tree`: of everything below it too, also when it is
   *  settled itself; resolves when all have been asked. What a task begins after that is its cleanup and goes on. */
  async cancel(id: TaskId, message?: string, { tree = false } = {}): Promise<TaskView | undefined> {
    if (message !== undefined) sized('message of cancel', message, longestNote);
    if (!isTaskId(id)) return undefined;
    const partition = this.#partition(id);
    const wave = Buffer.from(this.#parts.clock.random(9)).toString('base64url');
    const { answers, hints } = await this.#parts.store.cancel(partition, [{ id, message, wave }]);
    this.#hint(partition, hints);
    if (answers[0] === 'unknown') return undefined;
    if (tree) await this.#cancelBelow(partition, id, { message, wave });
    return await this.get(id);
  }

  async #cancelBelow(partition: number, top: TaskId, act: Omit<Cancel, 'id'>) {
    for (const parents = [top]; parents.length > 0; ) {
      const parent = parents.pop() as TaskId;
      for (let after: string | undefined = ''; after !== undefined; ) {
        const from: string = after;
        const page = await this.#parts.store.cancelChildren(partition, { id: parent, ...act }, from);
        this.#hint(partition, page.hints);
        for (const id of page.parents) parents.push(id);
        after = page.next;
      }
    }
  }

  /** Roots, newest first. @throws RangeError on a cursor that is none. */
  async list(options: ListOptions = {}): Promise<Page<TaskView>> {
    const { state, coroutine, cursor, limit = 50 } = options;
    const items: TaskView[] = [];
    if (cursor !== undefined && !isTaskId(cursor)) throw new RangeError('cursor: not a cursor of this list');
    let before = cursor;
    for (let scanned = 0; scanned < mostScanned; ) {
      const rows = await this.#parts.views.roots({ before, count: scanPage });
      for (const record of await this.#parts.views.records(rows)) {
        if (record === undefined || (state ?? record.state) !== record.state) continue;
        if ((coroutine ?? record.coroutine) !== record.coroutine) continue;
        items.push(taskView(record));
        if (items.length === limit) return { items, nextCursor: record.id };
      }
      if (rows.length < scanPage) return { items };
      scanned += rows.length;
      before = rows.at(-1);
    }
    return before === undefined ? { items } : { items, nextCursor: before };
  }

  /** The task and what is below it, level by level, at most `limit` tasks in all; `omitted` tells where more are. */
  async tree(id: TaskId, limit = 1000): Promise<TaskTree | undefined> {
    const top = await this.get(id);
    if (top === undefined) return undefined;
    const root: TaskTree = { ...top, nodes: [], omitted: 0 };
    let left = limit - 1;
    for (let level = [root]; level.length > 0; ) {
      const next: TaskTree[] = [];
      for (const node of level) {
        if (node.children.total === 0) continue;
        const { ids, total } =
          left > 0 ? await this.#parts.views.children(node.id, 0, left) : { ids: [], total: node.children.total };
        const records = await this.#parts.views.records(ids);
        for (const record of records)
          if (record !== undefined) node.nodes.push({ ...taskView(record), nodes: [], omitted: 0 });
        node.omitted = total - node.nodes.length;
        left -= node.nodes.length;
        next.push(...node.nodes);
      }
      level = next;
    }
    return root;
  }

  /** What is recorded of the task, to be looked at or replayed (`replayHistory` of the testing kit). */
  history(id: TaskId): Promise<RecordedHistory | undefined> {
    return taskHistory(this.#parts, this.#partition(id), id);
  }

  async logs(id: TaskId): Promise<TaskLogs[] | undefined> {
    if ((await this.get(id)) === undefined) return undefined;
    const logs = await this.#parts.views.logs(id);
    return logs.map(({ task, entries }) => ({ task, entries: entries.map(decode) }));
  }

  /**
   * What happens to the task, from now or from the update `after` (its `id`) on, until it is settled or `signal` is
   * aborted: `for await (const update of client.events(id)) ...`. Log entries are complete, states and progress are what
   * they are when the reader asks for more.
   * @throws LookupError for an unknown id, RangeError when `after` is no id of an update
   */
  async *events(id: TaskId, options: { after?: string; signal?: AbortSignal } = {}): AsyncGenerator<TaskUpdate> {
    if (!isTaskId(id)) throw new LookupError(`${JSON.stringify(id)} is no task id`);
    const { views, clock } = this.#parts;
    await this.#listen();
    const following = this.#waiters.follow(id);
    try {
      await views.watch(id, true);
      yield* taskUpdates(id, options.after, { views, clock, following, signal: options.signal });
    } finally {
      following.end();
    }
  }

  workers(): Promise<WorkerView[]> {
    return this.#parts.views.workers();
  }

  coroutines(): Promise<CoroutineView[]> {
    return this.#parts.views.coroutines();
  }

  /** The cluster as a whole: work, workers, and what waits. */
  cluster(): Promise<ClusterFacts> {
    return this.#parts.views.cluster();
  }

  async close(): Promise<void> {
    await (await this.#listening)?.close();
  }

  async #listen(): Promise<void> {
    const news: Listener['news'] = (ids, ended) => this.#waiters.hear(ids, ended);
    this.#listening ??= this.#parts.store.listen(undefined, { news });
    await this.#listening;
    this.#hears = true;
  }

  /** Does not fail: the tasks exist, and the sweep hands out what gets lost here (D1). */
  #hint(partition: number, hints: readonly Hint[]): void {
    if (hints.length === 0) return;
    const warn = (error: unknown) =>
      this.#parts.instrument.warning?.('could not hand out ready tasks; the sweep will', error);
    this.#parts.dispatch.send(partition, hints, Math.ceil(hints.length / 4)).catch(warn);
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#parts.store.partitions);
  }
}
