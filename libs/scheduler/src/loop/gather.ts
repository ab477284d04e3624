/**
 * gather: many awaitables, one answer.
 *
 * Owns: the order of results and what a cancel does. Does not own: running members, and counting them across nodes (the
 * store decides in the step that settles the member that matters; this module acts on what was decided).
 * G1. Results stand in the order of the arguments, whatever the order of arrival.
 * G2. Without returnExceptions the first member that failed or was cancelled decides; the others go on running.
 * G3. A cancel of a waiting gather cancels every member; it raises when the first member has ended cancelled or failed,
 *     and with returnExceptions, or when none does, after all have ended, whatever their results (asyncio).
 * Why a group with one event and not a task for each member: replay of a gather of 100,000 must not cost 100,000 drains.
 */
import { decode, toError } from '../contract/codec.ts';
import { type CancelledError, CorralInternalError } from '../contract/exceptions.ts';
import { childId } from '../contract/ids.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import { AskedMembers } from './asked-members.ts';
import { Coroutine } from './coroutines.ts';
import { Future } from './futures.ts';
import type { Delivery, Operations } from './operations.ts';
import { Task } from './tasks.ts';

export interface GatherOptions<ReturnExceptions extends boolean = boolean> {
  /** Errors take the place of values instead of being raised. */
  returnExceptions?: ReturnExceptions;
  /** At most so many members at once, in the whole cluster. */
  limit?: number;
}

export type Awaitable<T> = Coroutine<T> | Task<T>;

/** A tuple of awaitables gives a tuple of results; with returnExceptions each may be an Error. */
export type Gathered<Members extends readonly unknown[], ReturnExceptions extends boolean> = {
  -readonly [K in keyof Members]: Members[K] extends Awaitable<infer T>
    ? ReturnExceptions extends true
      ? T | Error
      : T
    : never;
};

export function gather(
  operations: Operations,
  members: readonly Awaitable<unknown>[],
  options: GatherOptions,
): Future<unknown[]> {
  const limit = options.limit ?? 0;
  if (!Number.isInteger(limit) || limit < 0 || (limit === 0 && options.limit !== undefined))
    throw new RangeError(`gather: limit must be a whole number from 1, not ${options.limit}`);
  const wrong = members.findIndex((member) => !(member instanceof Coroutine) && !(member instanceof Task));
  if (wrong >= 0)
    throw new TypeError(`gather: member ${wrong} is neither a coroutine object nor a task; call the coroutine first`);
  const returnExceptions = options.returnExceptions ?? false;
  // A group has members of its own, each once. Tasks that exist, and the same object twice, are awaited one by one.
  if (members.every((member) => member instanceof Coroutine) && Coroutine.areDistinct(members))
    return new GatherGroup(operations, members, returnExceptions, limit);
  if (limit > 0)
    throw new TypeError('gather: limit needs coroutine objects as members, each once; a task runs already');
  return new GatherTasks(operations, members, returnExceptions);
}

const resultOf = (outcome: Outcome): unknown =>
  outcome.state === 'succeeded' ? decode(outcome.payload) : toError(decode(outcome.payload) as ErrorValue);

/** What a delivery brings. @throws CorralInternalError when one has not ended */
export const resultsOf = (outcomes: readonly (Outcome | undefined)[]): unknown[] =>
  outcomes.map((outcome) => {
    if (outcome === undefined) throw new CorralInternalError('a gather was decided before its members ended');
    return resultOf(outcome);
  });

class GatherGroup extends Future<unknown[]> {
  readonly #operations: Operations;
  readonly #id: string;
  #struck: CancelledError | undefined;

  constructor(
    operations: Operations,
    members: readonly Coroutine<unknown>[],
    returnExceptions: boolean,
    limit: number,
  ) {
    super(operations);
    this.#operations = operations;
    const kept = new AskedMembers(members, operations.keptOptions({}), operations.limits.payload);
    const detail = `${members.length} ${members[0]?.coroutineName ?? ''}`.trimEnd();
    const op = operations.begin('gather', detail, (event) => this.#decided(event));
    this.#id = childId(operations.taskId, op);
    for (const member of operations.oversights === undefined ? [] : members) operations.oversights?.given(member);
    operations.oversights?.began(this, `gather of ${detail}`, true);
    operations.requests(op)?.groups.push({ id: this.#id, op, members: kept, returnExceptions, limit });
  }

  #decided(event: Delivery): void {
    if (event.kind !== 'group') return;
    const { failed, results = [] } = event;
    if (failed !== undefined) this.reject(results[0]);
    else if (this.#struck !== undefined) this.reject(this.#struck);
    else this.resolve(results);
  }

  override strike(error: CancelledError): void {
    this.#struck = error;
    this.#operations.requests()?.cancelGroups.push({ id: this.#id, message: error.message || undefined });
  }
}

/** The same rules over tasks that are handles of their own. */
class GatherTasks extends Future<unknown[]> {
  readonly #tasks: Task<unknown>[];
  #struck: CancelledError | undefined;

  constructor(operations: Operations, members: readonly Awaitable<unknown>[], returnExceptions: boolean) {
    super(operations);
    const started = new Map<unknown, Task<unknown>>();
    this.#tasks = members.map((member) => {
      const task = started.get(member) ?? (member instanceof Task ? member : Task.create(operations, member, {}));
      started.set(member, task);
      return task;
    });
    operations.oversights?.began(this, `gather of ${members.length} tasks`, false);
    let left = new Set(this.#tasks).size;
    for (const task of new Set(this.#tasks)) {
      const settled = (): void => {
        const outcome = task.outcome();
        left -= 1;
        if (outcome.state !== 'succeeded' && !returnExceptions) this.reject(resultOf(outcome));
        else if (left === 0 && this.#struck !== undefined) this.reject(this.#struck);
        else if (left === 0) this.resolve(this.#tasks.map((each) => resultOf(each.outcome())));
      };
      if (task.done()) operations.callSoon(settled);
      else task.addDoneCallback(settled);
    }
  }

  override strike(error: CancelledError): void {
    this.#struck = error;
    for (const task of new Set(this.#tasks)) if (!task.done()) task.strike(error);
  }
}
