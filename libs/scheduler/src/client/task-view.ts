/** The view of a task for people, made from the record in the store. */
import { decode } from '../contract/codec.ts';
import type { KeptOptions } from '../contract/coroutine.ts';
import { rootOf } from '../contract/ids.ts';
import type { ErrorValue } from '../contract/outcome.ts';
import type { RetryView, TaskId, TaskView } from '../contract/task.ts';
import { traceIdOf } from '../contract/trace.ts';
import type { TaskRecord } from '../contract/views.ts';

let shown = { ms: 0, text: new Date(0).toISOString() };
/** Tasks of a batch were created at one time, and a text takes 2 µs. */
function time(ms: number): string {
  if (shown.ms !== ms) shown = { ms, text: new Date(ms).toISOString() };
  return shown.text;
}

export function taskView(record: TaskRecord): TaskView {
  const { name, trace } = decode(record.options) as KeptOptions;
  const { outcome } = record;
  return {
    id: record.id,
    coroutine: record.coroutine,
    ...(name === undefined ? {} : { name }),
    state: record.state,
    ...(outcome?.state === 'succeeded' ? { result: decode(outcome.payload) } : {}),
    ...(outcome !== undefined && outcome.state !== 'succeeded' ? { error: decode(outcome.payload) as ErrorValue } : {}),
    parentId: record.parent ?? null,
    rootId: rootOf(record.id),
    createdAt: time(record.createdAt),
    startedAt: record.startedAt === undefined ? null : time(record.startedAt),
    finishedAt: record.finishedAt === undefined ? null : time(record.finishedAt),
    attempt: record.attempt,
    ...(record.retry === undefined ? {} : { retry: retryView(record.retry) }),
    worker: record.worker ?? null,
    progress: record.progress === undefined ? null : decode(record.progress),
    children: record.children,
    ...(record.cancelRequested && outcome === undefined ? { cancelRequested: true } : {}),
    ...(record.stranded ? { unroutable: true } : {}),
    ...(trace === undefined ? {} : { traceId: traceIdOf(trace) }),
  };
}

const retryView = ({ failures, error, at }: NonNullable<TaskRecord['retry']>): RetryView => ({
  failures,
  error: decode(error) as ErrorValue,
  at: at === undefined ? null : time(at),
});

/** The record of a root that was just submitted. */
export const newRecord = (root: { id: TaskId; coroutine: string; options: string }, createdAt: number): TaskRecord => ({
  ...root,
  state: 'pending',
  outcome: undefined,
  parent: undefined,
  createdAt,
  startedAt: undefined,
  finishedAt: undefined,
  attempt: 0,
  retry: undefined,
  worker: undefined,
  progress: undefined,
  children: { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
  cancelRequested: false,
  stranded: false,
});
