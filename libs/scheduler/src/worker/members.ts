/**
 * Reads the outcomes of a gather in pages, so that no call of the store carries 100,000 results. Each page is decoded as it
 * comes, while the store reads the next: all at once they would hold the event loop up.
 */
import type { Clock } from '../contract/clock.ts';
import type { GroupMembers } from '../contract/outcome.ts';
import type { Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { resultsOf } from '../loop/gather.ts';
import { quiet } from '../loop/waiter.ts';
import { untilAvailable } from './until-available.ts';

const pageSize = 1000;
/** Pages that are asked for ahead, so that the store reads while the ones before are taken apart. */
const pagesAhead = 4;

/** How members of a gather have ended: the value of each, or its Error. */
export type GroupResults = Omit<GroupMembers, 'outcomes'> & { results: unknown[] };

export async function readMembers(
  store: Store,
  clock: Clock,
  partition: number,
  group: TaskId,
  index: number | undefined,
): Promise<GroupResults> {
  const read = (from: number, count: number): Promise<GroupMembers> =>
    untilAvailable(clock, () => store.members(partition, group, from, count));
  if (index !== undefined) return withResults(await read(index, 1));
  const first = withResults(await read(0, pageSize));
  const { results, size } = first;
  let ahead: Promise<GroupMembers>[] = [];
  let asked = results.length;
  for (let length = results.length; results.length < size && length > 0; ) {
    const isFull = length === pageSize;
    // After a page that large results have filled, the next begins where it ends.
    if (!isFull) [ahead, asked] = [[], results.length];
    const most = isFull ? pagesAhead : 1;
    for (; asked < size && ahead.length < most; asked += pageSize) ahead.push(quiet(read(asked, pageSize)));
    const page = await ahead.shift();
    length = page?.outcomes.length ?? 0;
    for (const result of resultsOf(page?.outcomes ?? [])) results.push(result);
  }
  return first;
}

export const withResults = ({ outcomes, ...rest }: GroupMembers): GroupResults => ({
  ...rest,
  results: resultsOf(outcomes),
});
