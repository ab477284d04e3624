/** Whole batches: members of gathers that were claimed as one, and end as one (lua/shared/batches.lua). */
import { memberId } from '../contract/ids.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import type { Snapshot } from './snapshot.ts';

export interface WholeBatch {
  number: string;
  first: number;
  last: number;
  ended: boolean;
}

/** Of a group, by their first members. */
export function wholeBatches({ sorted, hashes }: Snapshot, group: TaskId): WholeBatch[] {
  const outcomes = hashes.get('outcomes')?.get(group);
  const batches: WholeBatch[] = [];
  for (const text of sorted.get(`whole:${group}`)?.keys() ?? []) {
    const [number = '', first, last] = text.split(' ');
    batches.push({ number, first: Number(first), last: Number(last), ended: outcomes?.has(number) ?? false });
  }
  return batches.sort((a, b) => a.first - b.first);
}

/** The tasks that each session has claimed. */
export function claimsOf({ sets }: Snapshot): Map<SessionId, Set<TaskId>> {
  const claims = new Map<SessionId, Set<TaskId>>();
  for (const [session, texts] of sets.get('claims') ?? []) claims.set(session, new Set([...texts].flatMap(idsOfClaim)));
  return claims;
}

function idsOfClaim(claim: string): TaskId[] {
  const [, group, first, last] = /^(.*)\+\d+ (\d+) (\d+)$/.exec(claim) ?? [];
  if (group === undefined) return [claim];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => memberId(group, Number(first) + i));
}
