/** Reads the outcomes of a gather in pages, so that no call of the store carries 100,000 results. */
import type { Clock } from '../contract/clock.ts';
import type { GroupMembers, Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { untilAvailable } from './until-available.ts';

const pageSize = 1000;

export async function readMembers(
  store: Store,
  clock: Clock,
  partition: number,
  group: TaskId,
  index: number | undefined,
): Promise<GroupMembers> {
  if (index !== undefined) return await untilAvailable(clock, () => store.members(partition, group, index, 1));
  const first = await untilAvailable(clock, () => store.members(partition, group, 0, pageSize));
  const { outcomes } = first;
  while (outcomes.length < first.size) {
    const page = await untilAvailable(clock, () => store.members(partition, group, outcomes.length, pageSize));
    if (page.outcomes.length === 0) return first;
    for (const outcome of page.outcomes) outcomes.push(outcome);
  }
  return first;
}
