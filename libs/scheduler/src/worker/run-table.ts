/**
 * The runs of a worker by the ids of their tasks.
 *
 * Members of a gather stand under it by their numbers: to look up an id that has just been put together, V8 hashes it, which
 * was 7 % of what a worker did in a gather.
 *
 * Objects and no Maps: V8 makes a new table for a Map when deleted entries have filled it, and each table that is left
 * points to its successor. One that has grown old before it was left keeps all that follow from the collector of young
 * objects, and what lies in them: a third of the tasks of a gather outlived two collections.
 */
import { memberOf } from '../contract/ids.ts';
import type { Member } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { TaskRun } from './run.ts';

interface Gather {
  readonly runs: Record<number, TaskRun>;
  size: number;
}

export class RunTable {
  readonly #gathers: Record<TaskId, Gather> = Object.create(null);
  readonly #others: Record<TaskId, TaskRun> = Object.create(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: TaskId): TaskRun | undefined {
    return this.#find(id, memberOf(id));
  }

  #find(id: TaskId, member: Member | undefined): TaskRun | undefined {
    return member === undefined ? this.#others[id] : this.#gathers[member.group]?.runs[Number(member.index)];
  }

  /** In the place of another run of the task, if there is one. */
  set(run: TaskRun): void {
    const { id, member } = run.claim;
    const isNew = this.#find(id, member) === undefined;
    if (isNew) this.#size += 1;
    if (member === undefined) {
      this.#others[id] = run;
      return;
    }
    let gather = this.#gathers[member.group];
    if (gather === undefined) {
      gather = { runs: Object.create(null), size: 0 };
      this.#gathers[member.group] = gather;
    }
    if (isNew) gather.size += 1;
    gather.runs[Number(member.index)] = run;
  }

  /** Unless another run has taken its place. */
  delete(run: TaskRun): void {
    const { id, member } = run.claim;
    if (this.#find(id, member) !== run) return;
    this.#size -= 1;
    const gather = member && this.#gathers[member.group];
    if (member === undefined || gather === undefined) {
      delete this.#others[id];
      return;
    }
    delete gather.runs[Number(member.index)];
    gather.size -= 1;
    if (gather.size === 0) delete this.#gathers[member.group];
  }

  all(): TaskRun[] {
    const runs = Object.values(this.#others);
    for (const gather of Object.values(this.#gathers)) for (const run of Object.values(gather.runs)) runs.push(run);
    return runs;
  }
}
