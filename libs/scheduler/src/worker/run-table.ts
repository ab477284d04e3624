/**
 * The runs of a worker by the ids of their tasks.
 *
 * An object and no Map: V8 makes a new table for a Map when deleted entries have filled it, and each table that is left
 * points to its successor. One that has grown old before it was left keeps all that follow from the collector of young
 * objects, and what lies in them: a third of the tasks of a gather outlived two collections.
 */
import type { TaskId } from '../contract/task.ts';
import type { TaskRun } from './run.ts';

export class RunTable {
  readonly #runs: Record<TaskId, TaskRun> = Object.create(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: TaskId): TaskRun | undefined {
    return this.#runs[id];
  }

  /** In the place of another run of the task, if there is one. */
  set(id: TaskId, run: TaskRun): void {
    if (this.#runs[id] === undefined) this.#size += 1;
    this.#runs[id] = run;
  }

  delete(id: TaskId): void {
    if (this.#runs[id] === undefined) return;
    this.#size -= 1;
    delete this.#runs[id];
  }

  ids(): TaskId[] {
    return Object.keys(this.#runs);
  }

  /** Oldest first. */
  all(): TaskRun[] {
    return Object.values(this.#runs);
  }
}
