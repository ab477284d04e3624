/**
 * Sends the members of large gathers ahead in chunks, so that no call of the store carries 100,000 of them.
 *
 * A few chunks are under way at once. The store takes a chunk only after the one before, so when one of them has failed, or
 * has come too early, all are sent once more, one after the other: the first begins anew (Store.stage).
 */
import type { Clock } from '../contract/clock.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { GroupMember, NewGroup, Store, Turn } from '../contract/store.ts';
import { bytesOfMember } from './sizes.ts';
import { untilAvailable } from './until-available.ts';

/** 1,000 items hold Redis for about 10 ms, 100,000 for 0.8 s (reliability H13). */
const chunkSize = 1000;
const chunksAtOnce = 4;

/** Index of its first member, and the members. */
type Chunk = [from: number, members: readonly GroupMember[]];
/** Answers whether the store has it. */
type Send = (...chunk: Chunk) => Promise<boolean>;

/** The turn with what is left to carry. Undefined: the store has lost what it had been sent. */
export async function stageMembers(
  store: Store,
  clock: Clock,
  partition: number,
  turn: Turn,
): Promise<Turn | undefined> {
  const groups: NewGroup[] = [];
  for (const group of turn.groups) {
    const chunks = chunksOf(group.members);
    const [from, members] = chunks.pop() ?? [0, []];
    const send: Send = (...chunk) => store.stage(partition, group.id, turn.token, ...chunk);
    const patiently: Send = (...chunk) => untilAvailable(clock, () => send(...chunk));
    if (!(await areSent(chunks, chunksAtOnce, send)) && !(await areSent(chunks, 1, patiently))) return undefined;
    groups.push(chunks.length === 0 ? group : { ...group, staged: from, members });
  }
  return groups.every((group, index) => group === turn.groups[index]) ? turn : { ...turn, groups };
}

async function areSent(chunks: readonly Chunk[], atOnce: number, send: Send): Promise<boolean> {
  for (let next = 0; next < chunks.length; next += atOnce) {
    const sent = await Promise.allSettled(chunks.slice(next, next + atOnce).map((chunk) => send(...chunk)));
    for (const each of sent) {
      if (each.status === 'fulfilled' && each.value) continue;
      if (each.status === 'rejected' && atOnce === 1) throw each.reason;
      return false;
    }
  }
  return true;
}

/** 1,000 members or 4 MiB each, and one member at least. */
function chunksOf(members: readonly GroupMember[]): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < members.length; index++) {
    const size = bytesOfMember(members[index] as GroupMember);
    bytes += size;
    if (index === from || (index - from < chunkSize && bytes <= bytesPerCall)) continue;
    chunks.push([from, members.slice(from, index)]);
    [from, bytes] = [index, size];
  }
  if (from < members.length) chunks.push([from, members.slice(from)]);
  return chunks;
}
