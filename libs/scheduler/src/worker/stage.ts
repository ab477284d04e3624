/**
 * Sends the members of large gathers ahead in chunks, so that no call of the store carries 100,000 of them.
 *
 * A few chunks are under way at once, 4 MiB in all: to make and send more in one go would hold the event loop up. The store
 * takes a chunk only after the one before, so when one of them has failed, or has come too early, all are sent once more, one
 * after the other: the first begins anew (Store.stage).
 */
import type { Clock } from '../contract/clock.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { AskedTurn, GroupMember, NewGroup, Store, Turn } from '../contract/store.ts';
import { bytesOfMember } from './sizes.ts';
import { untilAvailable } from './until-available.ts';

/** 1,000 items hold Redis for about 10 ms, 100,000 for 0.8 s (reliability H13). */
const chunkSize = 1000;
const chunksAtOnce = 4;

interface Chunk {
  /** Index of its first member. */
  from: number;
  members: readonly GroupMember[];
  bytes: number;
}
/** Answers whether the store has it. */
type Send = (chunk: Chunk) => Promise<boolean>;

/** The turn with what is left to carry. Undefined: the store has lost what it had been sent. */
export async function stageMembers(
  store: Store,
  clock: Clock,
  partition: number,
  turn: AskedTurn,
): Promise<Turn | undefined> {
  const groups: NewGroup[] = [];
  for (const group of turn.groups) {
    const send: Send = ({ from, members }) => store.stage(partition, group.id, turn.token, from, members);
    const patiently: Send = (chunk) => untilAvailable(clock, () => send(chunk));
    const last = (await sendAhead(group.members, chunksAtOnce, send)) ?? (await sendAhead(group.members, 1, patiently));
    if (last === undefined) return undefined;
    const { from, members } = last;
    groups.push(from === 0 ? { ...group, members } : { ...group, staged: from, members });
  }
  return { ...turn, groups };
}

/** Sends all chunks but the last, which it answers. Undefined: the store lacks one. */
async function sendAhead(members: Iterable<GroupMember>, atOnce: number, send: Send): Promise<Chunk | undefined> {
  const chunks = chunksOf(members);
  let next = chunks.next();
  while (!next.done) {
    const calls: Promise<boolean>[] = [];
    let bytes = 0;
    while (!next.done && (calls.length === 0 || (calls.length < atOnce && bytes + next.value.bytes <= bytesPerCall))) {
      calls.push(send(next.value));
      bytes += next.value.bytes;
      next = chunks.next();
    }
    for (const each of await Promise.allSettled(calls)) {
      if (each.status === 'fulfilled' && each.value) continue;
      if (each.status === 'rejected' && atOnce === 1) throw each.reason;
      return undefined;
    }
  }
  return next.value;
}

/**
 * 1,000 members or 4 MiB each, and one member at least; the last one is returned. Members are looked at when their chunk is
 * asked for: their texts are made then (loop/asked-members.ts).
 */
function* chunksOf(members: Iterable<GroupMember>): Generator<Chunk, Chunk> {
  let from = 0;
  let chunk: GroupMember[] = [];
  let bytes = 0;
  for (const member of members) {
    const size = bytesOfMember(member);
    if (chunk.length === chunkSize || (chunk.length > 0 && bytes + size > bytesPerCall)) {
      yield { from, members: chunk, bytes };
      from += chunk.length;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(member);
    bytes += size;
  }
  return { from, members: chunk, bytes };
}
