/** Reads the outcomes of a gather in pages, so that no call of the store carries 100,000 results. */
import type { Clock } from '../contract/clock.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { untilAvailable } from './until-available.ts';

const pageSize = 1000;

export async function readMembers(
  store: Store,
  clock: Clock,
  partition: number,
  group: TaskId,
  index: number | undefined,
): Promise<(Outcome | undefined)[]> {
  if (index !== undefined) return await untilAvailable(clock, () => store.members(partition, group, index, 1));
  const all: (Outcome | undefined)[] = [];
  for (;;) {
    const page = await untilAvailable(clock, () => store.members(partition, group, all.length, pageSize));
    for (const outcome of page) all.push(outcome);
    if (page.length < pageSize) return all;
  }
}
