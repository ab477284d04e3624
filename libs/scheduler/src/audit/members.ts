/** Members of gathers and of bundles that are no records of their own, shown as the records that they could become (lua/shared/members.lua). */
import { isBundle, memberId } from '../contract/ids.ts';
import type { TaskState } from '../contract/task.ts';
import type { GroupRow, TaskRow } from './rows.ts';
import type { Snapshot } from './snapshot.ts';
import { type WholeBatch, wholeBatches } from './whole.ts';

type EntryRow = Pick<TaskRow, 'state' | 'token' | 'worker' | 'attempt' | 'coroutine' | 'finished' | 'hasPayload'>;

const ends: Readonly<Record<string, TaskState>> = { s: 'succeeded', f: 'failed', c: 'cancelled' };

export function* memberRows(snapshot: Snapshot): Generator<TaskRow> {
  const { groups, hashes, lists, tasks } = snapshot;
  for (const group of groups.values()) {
    const { id, popped, dropped } = group;
    const entries = hashes.get('entries')?.get(id);
    const batches = hashes.get('batches')?.get(id) ?? new Map<string, string>();
    const whole = wholeBatches(snapshot, id);
    for (let index = 0; index < (dropped ?? popped); index++) {
      const member = memberId(id, index);
      while (index > (whole[0]?.last ?? index)) whole.shift();
      const entry = entries?.get(String(index)) ?? entryIn(whole[0], index);
      if (entry === '@' || tasks.has(member)) continue;
      yield {
        ...blank(group),
        id: member,
        ...read(entry, batches),
        counts: children(lists.get('children')?.get(member)),
      };
    }
  }
}

function entryIn(whole: WholeBatch | undefined, index: number): string | undefined {
  return whole && whole.first <= index ? `${whole.ended ? 's' : '*'}${whole.number}` : undefined;
}

function read(entry: string | undefined, batches: ReadonlyMap<string, string>): EntryRow {
  const [batch = ''] = /\d+/.exec(entry ?? '') ?? [];
  const [token, , coroutine = ''] = batches.get(batch)?.split('\n') ?? [];
  const worker = token?.slice(token.indexOf(':') + 1, token.lastIndexOf(':'));
  const state = ends[entry?.charAt(0).toLowerCase() ?? ''];
  const run = { worker, attempt: 1, coroutine };
  if (state !== undefined) return { ...run, state, token: undefined, finished: true, hasPayload: true };
  const open = { finished: false, hasPayload: false };
  if (entry !== undefined) return { ...run, ...open, state: 'running', token };
  return { ...run, ...open, state: 'pending', token: undefined, worker: undefined, attempt: 0 };
}

const blank = ({ id, parent, op }: GroupRow): Omit<TaskRow, 'id' | 'counts' | keyof EntryRow> => ({
  parent: isBundle(id) ? undefined : parent,
  op,
  group: id,
  undispatched: false,
  parked: false,
  isEntry: true,
  ending: false,
  retrying: undefined,
  firstOp: 0,
  known: 0,
});

/** What a member that is no record has gathered had succeeded when it ended (adr/0019). */
function children(entries: Iterable<string> = []): TaskRow['counts'] {
  let total = 0;
  for (const entry of entries) total += Number(entry.split(':')[1]);
  return { total, succeeded: total, pending: 0, running: 0, failed: 0, cancelled: 0 };
}
