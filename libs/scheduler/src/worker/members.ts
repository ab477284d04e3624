/** Reads the outcomes of a gather in pages, so that no call of the store carries 100,000 results. */
import type { Clock } from '../contract/clock.ts';
import type { GroupMembers } from '../contract/outcome.ts';
import type { Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { untilAvailable } from './until-available.ts';

const pageSize = 1000;
/** Pages that are asked for at once, so that the store reads while the ones before are taken apart. */
const pagesAhead = 4;

export async function readMembers(
  store: Store,
  clock: Clock,
  partition: number,
  group: TaskId,
  index: number | undefined,
): Promise<GroupMembers> {
  const read = (from: number, count: number): Promise<GroupMembers> =>
    untilAvailable(clock, () => store.members(partition, group, from, count));
  if (index !== undefined) return await read(index, 1);
  const first = await read(0, pageSize);
  const { outcomes, size } = first;
  let isFull = outcomes.length === pageSize;
  while (outcomes.length < size) {
    const begin = outcomes.length;
    // After a page that large results have filled, the next begins where it ends.
    const pages = isFull ? Math.min(pagesAhead, Math.ceil((size - begin) / pageSize)) : 1;
    const starts = Array.from({ length: pages }, (_, page) => begin + page * pageSize);
    for (const page of await Promise.all(starts.map((from) => read(from, pageSize)))) {
      for (const outcome of page.outcomes) outcomes.push(outcome);
      isFull = page.outcomes.length === pageSize;
      if (!isFull) break;
    }
    if (outcomes.length === begin) return first;
  }
  return first;
}
