/**
 * Results of large gathers, read while their last members run: when the gather is decided, its last pages are left.
 *
 * Owns: which pages are read ahead, and what was in them. Does not own: reading the others (members.ts).
 * A page counts when each of its members had ended: an outcome does not change any more (T1).
 */
import type { GroupMembers } from '../contract/outcome.ts';
import type { TaskId } from '../contract/task.ts';
import { resultsOf } from '../loop/gather.ts';
import { pageSize } from './members.ts';

/** Members are claimed in their order; what was claimed so long before has ended as a rule. */
const behind = 500;

interface Gather {
  parent: TaskId;
  size: number;
  results: unknown[];
  /** The next page is read when a member of this number is claimed here. */
  nextAt: number;
  reading: Promise<void> | undefined;
}

export class ReadAhead {
  readonly #read: (group: TaskId, from: number, count: number) => Promise<GroupMembers>;
  readonly #gathers = new Map<TaskId, Gather>();

  constructor(read: (group: TaskId, from: number, count: number) => Promise<GroupMembers>) {
    this.#read = read;
  }

  /** A task that runs here waits for a gather of so many. */
  expect(parent: TaskId, group: TaskId, size: number): void {
    const nextAt = pageSize + behind;
    if (size > nextAt) this.#gathers.set(group, { parent, size, results: [], nextAt, reading: undefined });
  }

  /** A member was claimed here. */
  saw(group: TaskId, index: number): void {
    const gather = this.#gathers.get(group);
    if (gather === undefined || index < gather.nextAt || gather.reading !== undefined) return;
    gather.reading = this.#readPage(group, gather).then((isWhole) => {
      gather.reading = undefined;
      gather.nextAt = isWhole ? gather.results.length + pageSize + behind : index + behind;
    });
  }

  get isEmpty(): boolean {
    return this.#gathers.size === 0;
  }

  /** The results of the first members, as many as have been read. */
  async take(group: TaskId): Promise<unknown[]> {
    const gather = this.#gathers.get(group);
    if (gather === undefined) return [];
    this.#gathers.delete(group);
    await gather.reading;
    return gather.results;
  }

  /** The task does not run here any more. */
  forget(parent: TaskId): void {
    for (const [group, gather] of this.#gathers) if (gather.parent === parent) this.#gathers.delete(group);
  }

  async #readPage(group: TaskId, { results }: Gather): Promise<boolean> {
    try {
      const { outcomes } = await this.#read(group, results.length, pageSize);
      if (outcomes.length < pageSize || outcomes.includes(undefined)) return false;
      for (const result of resultsOf(outcomes)) results.push(result);
      return true;
    } catch {
      return false; // who needs the page reads it, and hears what is wrong
    }
  }
}
