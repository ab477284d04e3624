/**
 * Strays: tasks that the store counts as claimed here and that nobody here runs. A store that has lost the end of what it
 * had acknowledged (power loss, failover) has forgotten that they were settled or given back; their session lives on, so no
 * lease runs out for them. The worker gives them back, and they run from what is left.
 */
import type { Store } from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';

export interface StraysParts {
  store: Pick<Store, 'held' | 'partitions'>;
  session(): SessionId;
  runs: { has(id: TaskId): boolean; inPartition(partition: number): number };
  /** A claim is on its way: what it brings is not a stray. */
  claiming(): boolean;
}

export class Strays {
  readonly #parts: StraysParts;
  /** By partition: strays at the last look. */
  readonly #suspects = new Map<number, Set<TaskId>>();

  constructor(parts: StraysParts) {
    this.#parts = parts;
  }

  /** Those that were strays at the last look, too: what is claimed or settled at this moment is none. */
  async look(partition: number): Promise<TaskId[]> {
    const { store, runs, claiming, session } = this.#parts;
    if (claiming()) return [];
    const held = await store.held(partition, session(), runs.inPartition(partition));
    if (claiming()) return [];
    const strays = held.filter((id) => !runs.has(id));
    const before = this.#suspects.get(partition);
    this.#suspects.set(partition, new Set(strays));
    return strays.filter((id) => before?.has(id));
  }
}
