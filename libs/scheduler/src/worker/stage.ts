/** Sends the members of large gathers ahead in chunks, so that no call of the store carries 100,000 of them. */
import type { Clock } from '../contract/clock.ts';
import type { Store, Turn } from '../contract/store.ts';
import { untilAvailable } from './until-available.ts';

/** 1,000 items hold Redis for about 10 ms, 100,000 for 0.8 s (reliability H13). */
const chunkSize = 1000;

/** The turn with what is left to carry. */
export async function stageMembers(store: Store, clock: Clock, partition: number, turn: Turn): Promise<Turn> {
  if (turn.groups.every(({ members }) => members.length <= chunkSize)) return turn;
  const groups = [];
  for (const group of turn.groups) {
    let from = 0;
    for (; group.members.length - from > chunkSize; from += chunkSize) {
      const [start, chunk] = [from, group.members.slice(from, from + chunkSize)];
      await untilAvailable(clock, () => store.stage(partition, group.id, turn.token, start, chunk));
    }
    groups.push({ ...group, members: group.members.slice(from) });
  }
  return { ...turn, groups };
}
