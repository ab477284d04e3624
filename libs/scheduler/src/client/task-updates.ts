/**
 * What happens to a task, one update after the other, until it is settled.
 *
 * Made by comparing what the store shows now with what was told last, so no list of updates is kept anywhere: a reader
 * that is slow, or comes back later, gets every log entry once, but of states and progress only what they are by then.
 * `id` of an update says what has been told up to it; given as `after` it goes on from there, also in another process.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../contract/clock.ts';
import { decode } from '../contract/codec.ts';
import { LookupError, StoreUnavailableError } from '../contract/exceptions.ts';
import type { TaskId, TaskView } from '../contract/task.ts';
import type { TaskRecord, Views } from '../contract/views.ts';
import { taskView } from './task-view.ts';
import type { Following } from './waiters.ts';

export type TaskUpdate = { id: string } & (
  | { kind: 'state'; task: TaskView }
  | { kind: 'log'; entry: unknown }
  | { kind: 'progress'; progress: unknown }
  /** The last one: the task is settled. */
  | { kind: 'end'; task: TaskView }
);

/** Entries of the log that are read at once. */
const pageSize = 200;
/** A task that commits without a break is looked at ten times a second. */
const restMs = 100;

/** What has been told. */
interface Told {
  logs: number;
  state: string;
  progress: string;
}

const cursorPattern = /^(\d{1,9})-([a-z]*\d*)-([A-Za-z0-9_]{0,8})$/;

const cursorOf = ({ logs, state, progress }: Told): string => `${logs}-${state}-${progress}`;

/** Whether `text` is the `id` of an update. */
export const isUpdateId = (text: string): boolean => cursorPattern.test(text);

/** Whether nothing comes after the update of this `id`. */
export const isLastUpdate = (text: string): boolean => text.includes('-end-');

/** @throws RangeError when it is no `id` of an update */
function toldUntil(cursor: string | undefined): Told {
  if (cursor === undefined) return { logs: 0, state: '', progress: '' };
  const [, logs, state, progress] = cursorPattern.exec(cursor) ?? [];
  if (logs === undefined || state === undefined || progress === undefined)
    throw new RangeError('after: not the id of an update');
  return { logs: Number(logs), state, progress };
}

const short = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 8).replaceAll('-', '_');

const stateOf = ({ state, attempt, cancelRequested, stranded, outcome }: TaskRecord): string =>
  outcome === undefined ? `${state}${attempt}${Number(cancelRequested)}${Number(stranded)}` : 'end';

export interface UpdateParts {
  views: Views;
  clock: Clock;
  following: Following;
  signal: AbortSignal | undefined;
}

/**
 * Ends after the update `end`, when `signal` is aborted, and when the task is removed. A store that goes away later is
 * waited for.
 * @throws LookupError, StoreUnavailableError at the first look
 */
export async function* taskUpdates(
  id: TaskId,
  after: string | undefined,
  { views, clock, following, signal }: UpdateParts,
): AsyncGenerator<TaskUpdate> {
  const told = toldUntil(after);
  for (let found = false; told.state !== 'end' && !signal?.aborted; ) {
    try {
      const [record] = await views.records([id]);
      if (record === undefined && !found) throw new LookupError(`no task ${id}`);
      if (record === undefined) return;
      found = true;
      yield* differences(views, record, told);
    } catch (error) {
      if (!found || !(error instanceof StoreUnavailableError)) throw error;
    }
    if (told.state === 'end') return;
    await new Promise<void>((resolve) => clock.setTimer(restMs, resolve));
    await following.news(Number.POSITIVE_INFINITY, signal);
  }
}

/** The record was read before the log: of a settled task the log is complete. */
async function* differences(views: Views, record: TaskRecord, told: Told): AsyncGenerator<TaskUpdate> {
  const state = stateOf(record);
  if (state !== 'end' && state !== told.state) {
    told.state = state;
    yield { id: cursorOf(told), kind: 'state', task: taskView(record) };
  }
  for (let page = pageSize; page === pageSize; ) {
    const entries = await views.entries(record.id, told.logs, pageSize);
    page = entries.length;
    for (const entry of entries) {
      told.logs += 1;
      yield { id: cursorOf(told), kind: 'log', entry: decode(entry) };
    }
  }
  const progress = record.progress === undefined ? '' : short(record.progress);
  if (record.progress !== undefined && progress !== told.progress) {
    told.progress = progress;
    yield { id: cursorOf(told), kind: 'progress', progress: decode(record.progress) };
  }
  if (state !== 'end') return;
  told.state = state;
  yield { id: cursorOf(told), kind: 'end', task: taskView(record) };
}
