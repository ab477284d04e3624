/** Rows of the hashes: tasks, groups, sessions. */
import type { SessionId, TaskId, TaskState } from '../contract/task.ts';
import type { Ask } from './values.ts';

export interface TaskRow {
  id: TaskId;
  state: TaskState;
  coroutine: string;
  attempt: number;
  token: string | undefined;
  worker: SessionId | undefined;
  parent: TaskId | undefined;
  op: string | undefined;
  group: TaskId | undefined;
  /** A member that was cancelled before its turn came. */
  undispatched: boolean;
  finished: boolean;
  /** Suspended, and run by nobody until it gets an event. */
  parked: boolean;
  hasPayload: boolean;
  /** A member of a gather that is no record of its own (adr/0010). */
  isEntry: boolean;
  /** A root whose coroutine has ended and whose tree has not. */
  ending: boolean;
  /** A failed attempt of it has ended, the next is not ready: since its children still end, or until its time has come. */
  retrying: 'children' | 'time' | undefined;
  /** Operations of an attempt that has failed are numbered below, and tell nothing any more. */
  firstOp: number;
  /** Inbox events that its worker had at its last commit. */
  known: number;
  counts: Record<CountName, number>;
}

export const countNames = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type CountName = (typeof countNames)[number] | 'total';

export interface GroupRow {
  id: TaskId;
  parent: TaskId;
  op: string;
  size: number;
  popped: number;
  inflight: number;
  left: number;
  /** Members that were handed out, have not ended and are no records. */
  entries: number;
  limit: number;
  returnExceptions: boolean;
  decided: boolean;
  /** Index from which on the members ended before their turn. */
  dropped: number | undefined;
}

export interface SessionRow {
  slots: number;
  /** So many of its tasks that count as running hold no slot. */
  resting: number;
  /** So many tasks more than claims. */
  batched: number;
  draining: boolean;
  lost: boolean;
}

const taskFields = [
  ...['state', 'coroutine', 'attempt', 'token', 'worker', 'parent', 'op', 'group', 'undispatched', 'finished', 'known'],
  ...['retryMs', 'retryAt', 'parked', 'firstOp'],
  ...['total', ...countNames],
] as const;
const groupFields = [
  ...['parent', 'op', 'size', 'popped', 'inflight', 'left', 'entries', 'limit', 'returnExceptions', 'decided'],
  'dropped',
] as const;

export async function readTask(ask: Ask, id: TaskId, key: string): Promise<TaskRow | undefined> {
  const [values, payload, ending] = await Promise.all([
    ask((redis) => redis.hmget(key, ...taskFields)),
    ask((redis) => redis.hexists(key, 'payload')),
    ask((redis) => redis.hexists(key, 'ending')),
  ]);
  const row = named(taskFields, values);
  if (row.size === 0) return undefined; // it has gone meanwhile
  const counts = Object.fromEntries(['total', ...countNames].map((name) => [name, Number(row.get(name) ?? 0)]));
  return {
    id,
    state: (row.get('state') ?? '') as TaskState,
    coroutine: row.get('coroutine') ?? '',
    attempt: Number(row.get('attempt') ?? 0),
    token: row.get('token') || undefined, // emptied when the task has ended
    worker: row.get('worker'),
    parent: row.get('parent'),
    op: row.get('op'),
    group: row.get('group'),
    undispatched: row.has('undispatched'),
    finished: row.has('finished'),
    parked: row.has('parked'),
    hasPayload: payload === 1,
    isEntry: false,
    ending: ending === 1,
    retrying: row.has('retryMs') ? 'children' : row.has('retryAt') ? 'time' : undefined,
    firstOp: Number(row.get('firstOp') ?? 0),
    known: Number(row.get('known') ?? 0),
    counts: counts as TaskRow['counts'],
  };
}

export async function readGroup(ask: Ask, id: TaskId, key: string): Promise<GroupRow | undefined> {
  const row = named(groupFields, await ask((redis) => redis.hmget(key, ...groupFields)));
  if (row.size === 0) return undefined;
  const number = (name: string): number => Number(row.get(name) ?? 0);
  return {
    id,
    parent: row.get('parent') ?? '',
    op: row.get('op') ?? '',
    size: number('size'),
    popped: number('popped'),
    inflight: number('inflight'),
    left: number('left'),
    entries: number('entries'),
    limit: number('limit'),
    returnExceptions: row.get('returnExceptions') === '1',
    decided: row.get('decided') === '1',
    dropped: row.has('dropped') ? number('dropped') : undefined,
  };
}

export async function readSession(ask: Ask, key: string): Promise<SessionRow> {
  const row = await ask((redis) => redis.hmget(key, 'slots', 'resting', 'batched', 'draining', 'lost'));
  const [slots, resting, batched, draining, lost] = row;
  return {
    slots: Number(slots ?? 0),
    resting: Number(resting ?? 0),
    batched: Number(batched ?? 0),
    draining: draining === '1',
    lost: typeof lost === 'string',
  };
}

function named(fields: readonly string[], values: readonly (string | null)[]): Map<string, string> {
  const row = new Map<string, string>();
  for (const [index, field] of fields.entries()) {
    const value = values[index];
    if (value !== null && value !== undefined) row.set(field, value);
  }
  return row;
}
