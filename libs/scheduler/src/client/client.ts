/**
 * Client: submit tasks, wait for them, look at them, cancel them. Speaks to the ports only, and keeps no state but the
 * list of its own waits.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../contract/clock.ts';
import type { ClusterFacts } from '../contract/cluster.ts';
import { decode, encode } from '../contract/codec.ts';
import { checkPolicies, type KeptOptions, type TaskOptions } from '../contract/coroutine.ts';
import type { Dispatch, Hint } from '../contract/dispatch.ts';
import { IdempotencyConflictError, LookupError, StoreUnavailableError } from '../contract/exceptions.ts';
import { GroupCommit } from '../contract/group-commit.ts';
import { isTaskId, newRootId, partitionOf } from '../contract/ids.ts';
import type { Instrument } from '../contract/instrument.ts';
import { type Limits, longestNote, sized } from '../contract/limits.ts';
import type { RecordedHistory } from '../contract/recorded-history.ts';
import type { Cancel, Listener, NewRoot, Store } from '../contract/store.ts';
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
import { readTraceContext, type TraceContext } from '../contract/trace.ts';
import type { TaskRecord, Views } from '../contract/views.ts';
import { taskHistory } from './task-history.ts';
import { type TaskUpdate, taskUpdates } from './task-updates.ts';
import { newRecord, taskView } from './task-view.ts';
import { Waiters } from './waiters.ts';

export interface SubmitOptions extends TaskOptions {
  /** The same key with the same content gives the same task, for 24 hours. */
  idempotencyKey?: string;
  /** The task and all below it are removed so long after its end; `RESULT_TTL` of the client by default. */
  resultTtlMs?: number;
  /** Of what submits it: all tasks of the tree are part of this trace. */
  trace?: TraceContext | undefined;
}

export interface ListOptions {
  state?: TaskState;
  coroutine?: string;
  cursor?: string;
  /** 50 by default. */
  limit?: number;
}

/** Results are kept a day unless somebody says otherwise. */
export const defaultResultTtlMs = 24 * 3_600_000;
const shortestResultTtlMs = 1000;
const longestResultTtlMs = 10 * 365 * 24 * 3_600_000;

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

interface Submitted {
  existing: TaskId | 'conflict' | undefined;
  createdAt: number;
}

/** A filtered list looks at so many rows for one page, then hands out a cursor to go on from. */
const mostScanned = 2000;
const scanPage = 200;

export class Client {
  readonly #parts: ClientParts;
  readonly #waiters: Waiters;
  /** Submits of many callers go to the store in one call. */
  readonly #submits: GroupCommit<NewRoot, Submitted>;
  #listening: Promise<{ close(): Promise<void> }> | undefined;
  /** What settles is told here from now on. */
  #hears = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#waiters = new Waiters(parts.clock);
    const { store, clock } = parts;
    const submit = async (partition: number, roots: readonly NewRoot[]): Promise<Submitted[]> => {
      const { existing, createdAt, hints } = await store.submit(partition, roots);
      this.#hint(partition, hints);
      return existing.map((each) => ({ existing: each, createdAt }));
    };
    this.#submits = new GroupCommit(clock, submit, ({ args, options }) => args.length + options.length);
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
    { idempotencyKey, resultTtlMs, trace, ...options }: SubmitOptions = {},
  ): Promise<{ task: TaskView; replayed: boolean }> {
    checkPolicies('submit', options);
    if (resultTtlMs !== undefined) checkResultTtl(resultTtlMs);
    const chosen = sized('options', encode(options), longestNote);
    const kept: KeptOptions = { ...options, ...(trace === undefined ? {} : { trace: checkedTrace(trace) }) };
    const root = {
      coroutine,
      args: sized(`arguments of ${coroutine}`, encode(args), this.#parts.limits.payload, 'payload'),
      options: encode(kept),
      resultTtlMs: resultTtlMs ?? this.#parts.resultTtlMs ?? defaultResultTtlMs,
    };
    // Without the trace: a request that is sent again comes with another span.
    const content = [coroutine, root.args, chosen, resultTtlMs];
    const id = this.#newRoot(idempotencyKey);
    const partition = this.#partition(id);
    if (this.#hears) this.#waiters.expect(id);
    const idempotency =
      idempotencyKey === undefined
        ? {}
        : { idempotency: { key: idempotencyKey, fingerprint: sha256(JSON.stringify(content)) } };
    const { existing: first, createdAt } = await this.#submits.add(partition, { id, ...root, ...idempotency });
    if (first === 'conflict')
      throw new IdempotencyConflictError('the idempotency key was used before with other content');
    const created = taskView(newRecord({ id: first ?? id, ...root }, createdAt));
    return first === undefined
      ? { task: created, replayed: false }
      : { task: await this.#accepted(created), replayed: true };
  }

  /** The task is accepted: a store that goes away now is no reason to say anything else. */
  async #accepted(created: TaskView): Promise<TaskView> {
    try {
      return (await this.get(created.id)) ?? created;
    } catch (error) {
      if (error instanceof StoreUnavailableError) return created;
      throw error;
    }
  }

  /** All submits with one idempotency key meet in one partition, which remembers it. */
  #newRoot(idempotencyKey: string | undefined): TaskId {
    const { clock, store } = this.#parts;
    const wanted = idempotencyKey === undefined ? undefined : partitionOf(sha256(idempotencyKey), store.partitions);
    for (;;) {
      const id = newRootId(clock.now(), clock.random(16));
      if (wanted === undefined || this.#partition(id) === wanted) return id;
    }
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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

function checkedTrace(trace: TraceContext): TraceContext {
  const read = readTraceContext({ ...trace });
  if (read === undefined) throw new RangeError(`trace: ${JSON.stringify(trace.traceparent)} is no traceparent`);
  return read;
}

function checkResultTtl(ms: number): void {
  if (!(ms >= shortestResultTtlMs && ms <= longestResultTtlMs))
    throw new RangeError(
      `resultTtlMs: ${ms} is not between ${shortestResultTtlMs} (a second) and ${longestResultTtlMs} (ten years)`,
    );
}
