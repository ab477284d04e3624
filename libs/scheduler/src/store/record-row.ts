/** The record of a task as the scripts tell it. */
import type { Outcome } from '../contract/outcome.ts';
import { isSettled, type TaskId, type TaskState } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';

/** Fields and values by turns. */
export function toRecord(id: TaskId, row: readonly string[]): TaskRecord {
  const fields = new Map<string, string>();
  for (let i = 0; i < row.length; i += 2) fields.set(row[i] as string, row[i + 1] as string);
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const optional = (name: string): number | undefined => (fields.has(name) ? number(name) : undefined);
  const state = (fields.get('state') ?? 'pending') as TaskState;
  const outcome: Outcome | undefined = isSettled(state)
    ? { state, payload: fields.get('payload') ?? 'null' }
    : undefined;
  return {
    id,
    coroutine: fields.get('coroutine') ?? '',
    options: fields.get('options') ?? '{}',
    state,
    outcome,
    parent: fields.get('parent'),
    createdAt: number('created'),
    startedAt: optional('started'),
    finishedAt: optional('finished'),
    attempt: number('attempt'),
    retry: fields.has('failures')
      ? { failures: number('failures'), error: fields.get('retryError') ?? 'null', at: optional('retryAt') }
      : undefined,
    worker: fields.get('worker'),
    progress: fields.get('progress'),
    children: {
      total: number('total'),
      pending: number('pending'),
      running: number('running'),
      succeeded: number('succeeded'),
      failed: number('failed'),
      cancelled: number('cancelled'),
    },
    cancelRequested: fields.has('cancelRequested'),
    stranded: fields.has('stranded'),
  };
}
