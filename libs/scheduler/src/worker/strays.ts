/**
 * Strays: tasks that the store counts as claimed here and that nobody here runs. A store that has lost the end of what it
 * had acknowledged (power loss, failover) has forgotten that they were settled or given back; or it had claimed one for this
 * worker, which has not heard of that (Listener.claim). Their session lives on, so no lease runs out for them. The worker
 * gives them back, and they run from what is left.
 */
import type { Store } from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import type { Claims } from './claims.ts';

export interface StraysParts {
  store: Pick<Store, 'held' | 'partitions'>;
  session(): SessionId;
  runs: { has(id: TaskId): boolean; inPartition(partition: number): number };
  claims: Pick<Claims, 'last' | 'areAnswered'>;
}

export class Strays {
  readonly #parts: StraysParts;
  /** By partition: strays at the last look, and the last call by then that may have claimed them. */
  readonly #suspects = new Map<number, { strays: Set<TaskId>; call: number }>();

  constructor(parts: StraysParts) {
    this.#parts = parts;
  }

  /** Those that were strays at the last look, too, and that no call which was under way then can still bring. */
  async look(partition: number): Promise<TaskId[]> {
    const { store, runs, claims, session } = this.#parts;
    const held = await store.held(partition, session(), runs.inPartition(partition));
    const strays = held.filter((id) => !runs.has(id));
    const before = this.#suspects.get(partition);
    this.#suspects.set(partition, { strays: new Set(strays), call: claims.last });
    if (before === undefined || !claims.areAnswered(before.call)) return [];
    return strays.filter((id) => before.strays.has(id));
  }
}
