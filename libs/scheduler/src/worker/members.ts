/** Reads the outcomes of a gather in pages, so that no call of the store carries 100,000 results. */
import type { Clock } from '../contract/clock.ts';
import type { GroupMembers } from '../contract/outcome.ts';
import type { Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { quiet } from '../loop/waiter.ts';
import { untilAvailable } from './until-available.ts';

const pageSize = 1000;
/** Pages that are asked for ahead, so that the store reads while the ones before are taken apart. */
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
  let ahead: Promise<GroupMembers>[] = [];
  let asked = outcomes.length;
  for (let length = outcomes.length; outcomes.length < size && length > 0; ) {
    const isFull = length === pageSize;
    // After a page that large results have filled, the next begins where it ends.
    if (!isFull) [ahead, asked] = [[], outcomes.length];
    const most = isFull ? pagesAhead : 1;
    for (; asked < size && ahead.length < most; asked += pageSize) ahead.push(quiet(read(asked, pageSize)));
    const page = await ahead.shift();
    for (const outcome of page?.outcomes ?? []) outcomes.push(outcome);
    length = page?.outcomes.length ?? 0;
  }
  return first;
}
