/** A client whose cluster is a Map: tasks stay what a test makes of them. */
import {
  type ClusterFacts,
  type CoroutineView,
  IdempotencyConflictError,
  isSettled,
  type RecordedHistory,
  type TaskLogs,
  type TaskTree,
  type TaskUpdate,
  type TaskView,
  type WorkerView,
} from '@corral/scheduler';
import type { ApiClient } from '../src/client.ts';

type Submit = Parameters<ApiClient['submitOnce']>;

/** Ids of roots, in order. */
export const rootId = (n: number): string => `t_${String(n).padStart(26, '0')}`;

export class FakeClient implements ApiClient {
  readonly tasks = new Map<string, TaskView>();
  readonly submitted: Submit[] = [];
  /** How many tasks each had. */
  readonly batches: number[] = [];
  readonly cancelled: [string, string | undefined, boolean][] = [];
  readonly listed: Parameters<ApiClient['list']>[] = [];
  readonly limits: (number | undefined)[] = [];
  readonly keys = new Map<string, { content: string; id: string }>();
  announced: CoroutineView[] = [];
  coroutineCalls = 0;
  live: WorkerView[] = [];
  entries: TaskLogs[] = [];
  readonly followed: [string, string | undefined][] = [];
  /** Log entries in the events of any task. */
  lines = 0;
  /** How many of them were asked for. */
  linesRead = 0;
  /** Thrown by the next call of anything. */
  fault: unknown;
  /** May `coroutines` fail? */
  coroutineFaults = true;
  /** Thrown by the next wait. */
  waitFault: unknown;
  /** `get` and `coroutines` answer after this. */
  held: Promise<void> | undefined;
  reads = 0;
  /** Calls of `get` that are open now. */
  reading = 0;
  waits = 0;
  /** Waits that are open now. */
  waiting = 0;
  readonly #wake = new Set<() => void>();

  async submitOnce(...[coroutine, args, options = {}]: Submit): Promise<{ task: TaskView; replayed: boolean }> {
    this.#fail();
    const { idempotencyKey, ...rest } = options;
    const content = JSON.stringify([coroutine, args, rest]);
    const before = idempotencyKey === undefined ? undefined : this.keys.get(idempotencyKey);
    if (before !== undefined && before.content !== content) throw new IdempotencyConflictError('used before');
    const known = before && this.tasks.get(before.id);
    if (known !== undefined) return { task: known, replayed: true };
    this.submitted.push([coroutine, args, options]);
    const task = this.add({ coroutine, ...(rest.name === undefined ? {} : { name: rest.name }) });
    if (idempotencyKey !== undefined) this.keys.set(idempotencyKey, { content, id: task.id });
    return { task, replayed: false };
  }

  async submitAll(...[tasks, { idempotencyKey: key, trace } = {}]: Parameters<ApiClient['submitAll']>) {
    this.batches.push(tasks.length);
    const answers: Awaited<ReturnType<ApiClient['submitOnce']>>[] = [];
    for (const [index, { coroutine, args, options }] of tasks.entries()) {
      const once = key === undefined ? {} : { idempotencyKey: `${key} ${index}` };
      answers.push(await this.submitOnce(coroutine, args, { ...options, ...once, trace }));
    }
    return { tasks: answers.map(({ task }) => task), replayed: answers[0]?.replayed ?? false };
  }

  async get(id: string): Promise<TaskView | undefined> {
    this.#fail();
    this.reads++;
    this.reading++;
    await this.held;
    this.reading--;
    return this.tasks.get(id);
  }

  async wait(id: string, ms: number, signal?: AbortSignal): Promise<TaskView | undefined> {
    this.#fail();
    if (this.waitFault !== undefined) throw this.waitFault;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => resolve());
    const task = this.tasks.get(id);
    if (task === undefined || isSettled(task.state)) resolve();
    this.#wake.add(resolve);
    this.waits++;
    this.waiting++;
    await promise;
    this.waiting--;
    this.#wake.delete(resolve);
    clearTimeout(timer);
    return this.tasks.get(id);
  }

  async cancel(id: string, message?: string, { tree = false } = {}): Promise<TaskView | undefined> {
    this.#fail();
    this.cancelled.push([id, message, tree]);
    return this.tasks.get(id);
  }

  /** A state, then `entries`, then the end once it is settled; as told after the event `after`. */
  async *events(...[id, { after, signal } = {}]: Parameters<ApiClient['events']>): AsyncGenerator<TaskUpdate> {
    this.followed.push([id, after]);
    const task = this.tasks.get(id);
    if (task === undefined) return;
    yield { id: '0-running100-', kind: 'state', task };
    for (let told = 0; told < this.lines && !signal?.aborted; told++) {
      this.linesRead++;
      yield { id: `${told + 1}-running100-`, kind: 'log', entry: 'x'.repeat(1000) };
    }
    const view = await this.wait(id, 60_000, signal);
    if (view !== undefined && isSettled(view.state)) yield { id: '1-end-', kind: 'end', task: view };
  }

  async list(...parameters: Parameters<ApiClient['list']>) {
    this.#fail();
    this.listed.push(parameters);
    if (parameters[0]?.cursor === 'broken') throw new RangeError('cursor: not a cursor of this list');
    return { items: [...this.tasks.values()], nextCursor: 'more' };
  }

  async tree(id: string, limit?: number): Promise<TaskTree | undefined> {
    this.#fail();
    this.limits.push(limit);
    const task = this.tasks.get(id);
    return task && { ...task, nodes: [{ ...task, parentId: id, nodes: [], omitted: 0 }], omitted: 2 };
  }

  async history(id: string): Promise<RecordedHistory | undefined> {
    this.#fail();
    const task = this.tasks.get(id);
    if (task === undefined) return undefined;
    const { coroutine, attempt, state } = task;
    return { version: 1, task: id, coroutine, args: {}, attempt, state, steps: [{ start: 'sleep', detail: '1' }] };
  }

  async logs(id: string): Promise<TaskLogs[] | undefined> {
    this.#fail();
    return this.tasks.has(id) ? this.entries : undefined;
  }

  async cluster(): Promise<ClusterFacts> {
    this.#fail();
    return {
      workers: { up: 2, draining: 1, lost: 0 },
      slots: 20,
      slotsInUse: 9,
      tasks: { pending: 7, running: 9, suspended: 3 },
      queued: 5,
      oldestPendingMs: 1500,
      unroutable: [{ coroutine: 'rare', tasks: 2 }],
      lateTimerMs: 0,
      orphaned: 0,
      openGathers: 1,
      trees: 4,
      created: 30,
      recovered: 0,
      settled: [{ coroutine: 'main', state: 'succeeded', tasks: 11 }],
    };
  }

  async workers(): Promise<WorkerView[]> {
    this.#fail();
    return this.live;
  }

  async coroutines(): Promise<CoroutineView[]> {
    this.coroutineCalls++;
    if (this.coroutineFaults) this.#fail();
    await this.held;
    return this.announced;
  }

  add(fields: Partial<TaskView> = {}): TaskView {
    const id = rootId(this.tasks.size + 1);
    const task: TaskView = {
      id,
      coroutine: 'main',
      state: 'pending',
      parentId: null,
      rootId: id,
      createdAt: '2026-01-02T03:04:05.678Z',
      startedAt: null,
      finishedAt: null,
      attempt: 0,
      worker: null,
      progress: null,
      children: { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
      ...fields,
    };
    this.tasks.set(task.id, task);
    return task;
  }

  settle(id: string, fields: Partial<TaskView>): void {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Error(`no task ${id}`);
    this.tasks.set(id, { ...task, finishedAt: '2026-01-02T03:04:06.000Z', ...fields });
    for (const wake of this.#wake) wake();
  }

  #fail(): void {
    if (this.fault === undefined) return;
    const fault = this.fault;
    this.fault = undefined;
    throw fault;
  }
}
