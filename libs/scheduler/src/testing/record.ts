/** A task as readers see it: a copy. */
import { isSettled } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';
import type { MemoryTask } from './memory-task.ts';
import type { Partition } from './partition.ts';

export function recordOf(task: MemoryTask, part: Partition): TaskRecord {
  const { id, work, state, outcome, parent, createdAt, startedAt, finishedAt, attempt, worker, progress } = task;
  return {
    id,
    coroutine: work.coroutine,
    options: work.options,
    state,
    outcome,
    parent: parent?.id,
    createdAt,
    startedAt,
    finishedAt,
    attempt,
    retry:
      task.retryError === undefined
        ? undefined
        : { failures: task.failures, error: task.retryError, at: task.retrying?.at },
    worker,
    progress,
    children: { ...task.counts },
    cancelRequested: task.cancelRequested && !isSettled(state),
    stranded: state === 'pending' && !part.serves(work.coroutine),
  };
}
