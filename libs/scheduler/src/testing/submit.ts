/** Roots come into being here, once for each idempotency key. */
import type { NewRoot } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { Partition } from './partition.ts';

const keyTtlMs = 24 * 3_600_000;

/** The id under which the key was first used, if that was another one. */
export function submitRoot(part: Partition, root: NewRoot): TaskId | 'conflict' | undefined {
  const { id, idempotency } = root;
  if (idempotency !== undefined) {
    const { key, fingerprint } = idempotency;
    const first = part.keys.get(key);
    if (first !== undefined && first.until > part.now() && first.id !== id)
      return first.fingerprint === fingerprint ? first.id : 'conflict';
    if (first?.id !== id) part.keys.set(key, { fingerprint, id, until: part.now() + keyTtlMs });
  }
  if (part.table.get(id) === undefined) part.addRoot(root);
  return undefined;
}
