/** What the routes of tasks answer; the types are those of the scheduler's contract. */
import {
  type ErrorValue,
  type Page,
  type RecordedHistory,
  type TaskLogs,
  type TaskTree,
  type TaskView,
  taskStates,
} from '@corral/scheduler';
import { z } from 'zod';

const format = 'date-time';
const count = z.int().min(0);

const errorValue: z.ZodType<ErrorValue> = z
  .object({
    type: z.string(),
    message: z.string(),
    stack: z.string().exactOptional().meta({ description: 'The stack on the worker where it was thrown.' }),
    get cause() {
      return errorValue.exactOptional();
    },
    get errors() {
      return z.array(errorValue).exactOptional().meta({ description: 'The members of an ExceptionGroup.' });
    },
    task: z.string().exactOptional().meta({ description: 'The coroutine and the task that it came from.' }),
  })
  .meta({ id: 'TaskError' });

const childCounts = z
  .object({
    total: count,
    pending: count,
    running: count.meta({ description: 'Started and not settled, the suspended ones included.' }),
    succeeded: count,
    failed: count,
    cancelled: count,
  })
  .meta({ id: 'ChildCounts' });

const viewFields = {
  id: z.string(),
  coroutine: z.string(),
  name: z.string().exactOptional().meta({ description: 'The label that the task was given.' }),
  state: z.enum(taskStates),
  result: z.unknown().exactOptional().meta({ description: 'Present when the task succeeded, null included.' }),
  error: errorValue.exactOptional().meta({ description: 'Present when the task failed or was cancelled.' }),
  parentId: z.string().nullable(),
  rootId: z.string(),
  createdAt: z.string().meta({ format, description: "By the store's clock, as all times." }),
  startedAt: z.string().nullable().meta({ format, description: 'When a worker first began to run it.' }),
  finishedAt: z.string().nullable().meta({ format, description: 'When it was settled.' }),
  attempt: count.meta({ description: 'How often a worker has begun to run it.' }),
  retry: z
    .object({
      failures: count.meta({ description: 'Attempts that have failed and were retried.' }),
      error: errorValue.meta({ description: 'The error of the last of them.' }),
      at: z.string().nullable().meta({ format, description: 'When the next one begins, while the task waits for it.' }),
    })
    .exactOptional()
    .meta({ description: 'Present once an attempt has failed and was retried.' }),
  worker: z.string().nullable().meta({ description: 'The worker that runs it, or ran it last.' }),
  progress: z.unknown().meta({ description: 'What the task told last by `loop.progress`, or null.' }),
  children: childCounts,
  cancelRequested: z
    .boolean()
    .exactOptional()
    .meta({ description: 'A cancel was requested, and it has not ended yet.' }),
  unroutable: z.boolean().exactOptional().meta({ description: 'It waits, and no live worker knows its coroutine.' }),
  traceId: z
    .string()
    .exactOptional()
    .meta({ description: 'Of the trace that it belongs to: that of the `traceparent` of its root.' }),
};

export const taskView: z.ZodType<TaskView> = z.object(viewFields).meta({ id: 'Task' });

export const submittedBatch: z.ZodType<{ items: TaskView[] }> = z
  .object({ items: z.array(taskView).meta({ description: 'In the order of the request.' }) })
  .meta({ id: 'SubmittedBatch' });

export const taskPage: z.ZodType<Page<TaskView>> = z
  .object({
    items: z.array(taskView),
    nextCursor: z.string().exactOptional().meta({ description: 'Absent on the last page.' }),
  })
  .meta({ id: 'TaskPage' });

export const taskTree: z.ZodType<TaskTree> = z
  .object({
    ...viewFields,
    get nodes() {
      return z.array(taskTree);
    },
    omitted: count.meta({ description: 'So many children more than `nodes` shows.' }),
  })
  .meta({ id: 'TaskTree' });

export const taskLogs: z.ZodType<{ logs: TaskLogs[] }> = z
  .object({ logs: z.array(z.object({ task: z.string(), entries: z.array(z.unknown()) })) })
  .meta({ id: 'TaskLogs' });

const outcome = z.object({ state: z.enum(['succeeded', 'failed', 'cancelled']), payload: z.string() });

export const taskHistory: z.ZodType<RecordedHistory> = z
  .object({
    version: z.literal(1),
    task: z.string(),
    coroutine: z.string(),
    name: z.string().exactOptional(),
    context: z.array(z.tuple([z.string(), z.unknown()])).exactOptional(),
    trace: z.object({ traceparent: z.string(), tracestate: z.string().exactOptional() }).exactOptional(),
    args: z.unknown(),
    attempt: count,
    failures: count.exactOptional(),
    firstOp: count.exactOptional(),
    state: z.enum(taskStates),
    outcome: outcome.exactOptional().meta({ description: 'When it has ended; `payload` is JSON.' }),
    steps: z.array(
      z.union([
        z.object({ start: z.string(), detail: z.string() }),
        z.object({ event: z.custom<never>().meta({ type: 'object' }) }),
      ]),
    ),
  })
  .meta({ id: 'TaskHistory' });
