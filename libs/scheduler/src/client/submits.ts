/**
 * Submits: new roots are checked, get an id, and go to the store, those of many callers in one call.
 *
 * B1. A batch is checked as a whole before any of it is submitted. It lies in one partition, so that it takes few calls.
 * B2. The idempotency key of a batch is that of its first task, with a fingerprint of the whole batch. That one goes first,
 *     so that another batch under the same key creates nothing. The keys of the others follow from key and fingerprint:
 *     what was submitted before a call broke off is found again, task by task.
 * B3. Those of a batch without a key that follow each other and ask for nothing special form bundles, which the store keeps
 *     together (adr/0024). A bundle is never divided between two calls.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../contract/clock.ts';
import { encode } from '../contract/codec.ts';
import { checkPolicies, type KeptOptions, type TaskOptions } from '../contract/coroutine.ts';
import type { Hint } from '../contract/dispatch.ts';
import { IdempotencyConflictError, PayloadTooLargeError } from '../contract/exceptions.ts';
import { GroupCommit } from '../contract/group-commit.ts';
import { bundledIds, largestBundle, newRootId, partitionOf, rootIdIn } from '../contract/ids.ts';
import { bytesPerCall, type Limits, longestNote, sized } from '../contract/limits.ts';
import type { NewRoot, Store } from '../contract/store.ts';
import type { TaskId, TaskView } from '../contract/task.ts';
import { readTraceContext, type TraceContext } from '../contract/trace.ts';
import { newRecord, taskView } from './task-view.ts';

/** What may be said of each task of a batch. */
export interface NewTaskOptions extends TaskOptions {
  /** The task and all below it are removed so long after its end; `RESULT_TTL` of the client by default. */
  resultTtlMs?: number;
}

/** What is said of a batch as a whole. */
export interface BatchOptions {
  /** The same key with the same content gives the same tasks, for 24 hours. */
  idempotencyKey?: string;
  /** Of what submits it: all tasks of the tree are part of this trace. */
  trace?: TraceContext | undefined;
}

export interface SubmitOptions extends NewTaskOptions, BatchOptions {}

export interface NewTask {
  coroutine: string;
  args: unknown;
  options?: NewTaskOptions;
}

/** `task`: as it was created; when `replayed`, it has been there before, and may have gone on. */
export interface Submitted {
  task: TaskView;
  replayed: boolean;
}

export interface SubmitsParts {
  store: Store;
  clock: Clock;
  limits: Limits;
  /** Of tasks that say nothing else. */
  resultTtlMs?: number;
  hint(partition: number, hints: readonly Hint[]): void;
  /** A root of this id is about to be created, by itself. */
  creating(id: TaskId): void;
}

/** The next full call is on its way while the store does one: large batches are taken a fifth faster. */
const mostUnderWay = 2;
/** Drawing random bytes for each id took longer than all else that is done here for a task. */
const idsPerDraw = 128;
/** Fewer have a record each. */
const leastBundle = 20;
/** Results are kept a day unless somebody says otherwise. */
export const defaultResultTtlMs = 24 * 3_600_000;
const shortestResultTtlMs = 1000;
const longestResultTtlMs = 10 * 365 * 24 * 3_600_000;

type Root = Omit<NewRoot, 'id' | 'idempotency'>;
type Idempotency = NonNullable<NewRoot['idempotency']>;

interface Checked {
  root: Root;
  /** By which a repeated request is known. Without the trace: when it is sent again it comes with another span. */
  content: readonly unknown[];
  /** Nothing is asked for that only a record of its own can have. */
  isPlain: boolean;
}

interface Answer {
  existing: TaskId | 'conflict' | undefined;
  createdAt: number;
}

export class Submits {
  readonly #parts: SubmitsParts;
  readonly #calls: GroupCommit<readonly NewRoot[], Answer[]>;
  #random: Uint8Array = new Uint8Array();

  constructor(parts: SubmitsParts) {
    this.#parts = parts;
    const { store, clock, hint } = parts;
    const submit = async (partition: number, requests: readonly (readonly NewRoot[])[]): Promise<Answer[][]> => {
      const { existing, createdAt, hints } = await store.submit(partition, requests.flat());
      hint(partition, hints);
      let at = 0;
      return requests.map((roots) => roots.map(() => ({ existing: existing[at++], createdAt })));
    };
    this.#calls = new GroupCommit(clock, submit, { itemsOf: (roots) => roots.length, bytesOf, mostUnderWay });
  }

  async one(task: NewTask, { idempotencyKey: key, trace }: BatchOptions): Promise<Submitted> {
    const { root, content } = this.#checked(task, trace);
    const partition = key === undefined ? undefined : this.#partitionOfKey(key);
    const id = this.#newId(partition);
    this.#parts.creating(id);
    if (key === undefined) return await this.#submit(id, root);
    return await this.#submit(id, root, { key, fingerprint: sha256(JSON.stringify(content)) });
  }

  async all(tasks: readonly NewTask[], { idempotencyKey: key, trace }: BatchOptions): Promise<Submitted[]> {
    const checked = tasks.map((task, index) => {
      try {
        return this.#checked(task, trace);
      } catch (error) {
        throw named(error, index);
      }
    });
    const [first, ...others] = checked;
    if (first === undefined) return [];
    if (key === undefined) {
      const partition = this.#partition(this.#newId(undefined));
      return this.#submitAll(partition, this.#requests(partition, checked));
    }
    const partition = this.#partitionOfKey(key);
    const fingerprint = sha256(JSON.stringify(checked.map(({ content }) => content)));
    const leader = await this.#submit(this.#newId(partition), first.root, { key, fingerprint });
    const batch = sha256(`${key} ${fingerprint}`);
    const followers = others.map(({ root }, index) => {
      const idempotency = { key: `${batch} ${index + 1}`, fingerprint: '' };
      return [{ id: this.#newId(partition), ...root, idempotency }];
    });
    return [leader, ...(await this.#submitAll(partition, followers))];
  }

  #checked({ coroutine, args, options: { resultTtlMs, ...options } = {} }: NewTask, trace?: TraceContext): Checked {
    checkPolicies('submit', options);
    if (resultTtlMs !== undefined) checkResultTtl(resultTtlMs);
    const chosen = sized('options', encode(options), longestNote);
    const kept: KeptOptions = { ...options, ...(trace === undefined ? {} : { trace: checkedTrace(trace) }) };
    const root = {
      coroutine,
      args: sized(`arguments of ${coroutine}`, encode(args), this.#parts.limits.payload, 'payload'),
      options: trace === undefined ? chosen : encode(kept),
      resultTtlMs: resultTtlMs ?? this.#parts.resultTtlMs ?? defaultResultTtlMs,
    };
    const { priority = 0, expiresAfter, deadline } = options;
    const isPlain = priority === 0 && expiresAfter === undefined && deadline === undefined;
    return { root, content: [coroutine, root.args, chosen, resultTtlMs], isPlain };
  }

  async #submit(id: TaskId, root: Root, idempotency?: Idempotency): Promise<Submitted> {
    const request = idempotency === undefined ? { id, ...root } : { id, ...root, idempotency };
    const [answer] = await this.#calls.add(this.#partition(id), [request]);
    return toSubmitted(request, answer as Answer);
  }

  async #submitAll(partition: number, requests: readonly (readonly NewRoot[])[]): Promise<Submitted[]> {
    const answers = (await this.#calls.addAll(partition, requests)).flat();
    return requests.flat().map((request, i) => toSubmitted(request, answers[i] as Answer));
  }

  /** B3. Ids of a bundle cannot be chosen by partition. */
  #requests(partition: number, checked: readonly Checked[]): NewRoot[][] {
    const requests: NewRoot[][] = [];
    for (let from = 0; from < checked.length; ) {
      const size = this.#parts.store.partitions === 1 ? bundleFrom(checked, from) : 0;
      const count = Math.max(1, size);
      const ids = size > 0 ? bundledIds(this.#parts.clock.now(), this.#random16(), size) : [this.#newId(partition)];
      requests.push(checked.slice(from, from + count).map(({ root }, i) => ({ id: ids[i] as TaskId, ...root })));
      from += count;
    }
    return requests;
  }

  /** All submits with one idempotency key meet in one partition, which remembers it. */
  #partitionOfKey(key: string): number {
    return this.#partition(sha256(key));
  }

  #newId(partition: number | undefined): TaskId {
    const { clock, store } = this.#parts;
    for (;;) {
      const id = newRootId(clock.now(), this.#random16());
      const there = partition === undefined ? id : rootIdIn(id, partition, store.partitions);
      if (there !== undefined) return there;
    }
  }

  #random16(): Uint8Array {
    if (this.#random.length === 0) this.#random = this.#parts.clock.random(16 * idsPerDraw);
    const next = this.#random.subarray(0, 16);
    this.#random = this.#random.subarray(16);
    return next;
  }

  #partition(id: TaskId): number {
    return partitionOf(id, this.#parts.store.partitions);
  }
}

function toSubmitted({ id, coroutine, options }: NewRoot, { existing, createdAt }: Answer): Submitted {
  if (existing === 'conflict')
    throw new IdempotencyConflictError('the idempotency key was used before with other content');
  const task = taskView(newRecord({ id: existing ?? id, coroutine, options }, createdAt));
  return { task, replayed: existing !== undefined };
}

const bytesOf = (roots: readonly NewRoot[]): number =>
  roots.reduce((sum, { args, options }) => sum + args.length + options.length, 0);

/** So many tasks from `from` on can be a bundle; 0: too few. */
function bundleFrom(checked: readonly Checked[], from: number): number {
  const ttl = checked[from]?.root.resultTtlMs;
  let size = 0;
  let bytes = 0;
  for (; size < largestBundle; size++) {
    const { root, isPlain } = checked[from + size] ?? {};
    if (root === undefined || !isPlain || root.resultTtlMs !== ttl) break;
    bytes += root.args.length + root.options.length;
    if (bytes > bytesPerCall) break;
  }
  return size < leastBundle ? 0 : size;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The same error, which says now which task of the batch it is about. */
function named(error: unknown, index: number): unknown {
  if (error instanceof Error) error.message = `task ${index}: ${error.message}`;
  if (error instanceof PayloadTooLargeError && error.size !== undefined) error.size.task = index;
  return error;
}

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
