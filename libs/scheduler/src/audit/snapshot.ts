/**
 * One partition as it lies in Redis: the keys of docs/reference/redis-keys.md and nothing of what users put into them.
 * It is read by read-partition.ts.
 */
import type { SessionId, TaskId } from '../contract/task.ts';
import type { GroupRow, SessionRow, TaskRow } from './rows.ts';

export interface Snapshot {
  partition: number;
  /** Milliseconds of the store's clock. */
  time: number;
  tasks: Map<TaskId, TaskRow>;
  groups: Map<TaskId, GroupRow>;
  /** Values by kind of key, then by the rest of the key ('' for the keys of which there is one). */
  lists: Map<string, Map<string, string[]>>;
  lengths: Map<string, Map<string, number>>;
  sets: Map<string, Map<string, Set<string>>>;
  sorted: Map<string, Map<string, number>>;
  /** Running totals of the partition (T5). */
  totals: Map<string, number>;
  texts: Map<string, Map<string, string>>;
  /** Beginnings of the values, by kind of key, rest of the key, and field. */
  hashes: Map<string, Map<string, Map<string, string>>>;
  sessions: Map<SessionId, SessionRow>;
  /** Keys of the partition that no kind explains, or whose type is wrong. */
  strangers: string[];
}

export type Shape = 'task' | 'group' | 'session' | 'totals' | 'hash' | 'list' | 'length' | 'set' | 'sorted' | 'text';

/** Every kind of key that there is; a test holds it to docs/reference/redis-keys.md. */
export const shapes: Readonly<Record<string, Shape>> = {
  task: 'task',
  group: 'group',
  session: 'session',
  counts: 'totals',
  inbox: 'list',
  children: 'list',
  removal: 'list',
  history: 'length',
  logs: 'length',
  backlog: 'length',
  entries: 'hash',
  batches: 'hash',
  whole: 'sorted',
  outcomes: 'hash',
  staged: 'length',
  live: 'set',
  later: 'set',
  waiters: 'set',
  alarms: 'set',
  awaited: 'set',
  abroad: 'set',
  outboxes: 'set',
  outbox: 'length',
  posted: 'text',
  seen: 'text',
  claims: 'set',
  serving: 'set',
  serves: 'set',
  stranded: 'set',
  names: 'set',
  roots: 'sorted',
  logged: 'sorted',
  ready: 'sorted',
  hinted: 'sorted',
  timers: 'sorted',
  checks: 'sorted',
  ending: 'sorted',
  expiring: 'sorted',
  sessions: 'sorted',
  lost: 'sorted',
  idempotency: 'text',
  virtual: 'text',
  capacity: 'text',
  uptime: 'text',
  swept: 'text',
  deaths: 'text',
  'test-time': 'text',
};
