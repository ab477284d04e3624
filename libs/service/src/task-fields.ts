/** How lines of the log name a task. */
import { type AboutTask, rootOf } from '@corral/scheduler';

/** `trace_id`: as tools that lead from logs to traces expect it. */
export const taskFields = ({ id, coroutine, traceId }: Omit<AboutTask, 'coroutine'> & { coroutine?: string }) => ({
  task: id,
  tree: rootOf(id),
  ...(coroutine === undefined ? {} : { coroutine }),
  ...(traceId === undefined ? {} : { trace_id: traceId }),
});
