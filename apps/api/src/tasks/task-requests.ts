/** What the routes of tasks take. */
import { isCoroutineName, taskStates, timeLimitRange } from '@corral/scheduler';
import { z } from 'zod';
import { isInternal, programName } from '../programs/program-checks.ts';
import { integerParameter } from './integer-parameter.ts';
import { jsonFault } from './json-value.ts';
import { retryPolicy } from './retry-policy.ts';

export const maxArgsDepth = 64;
/** The largest CORRAL_MAX_WAIT_MS. */
const maxWaitMs = 600_000;

const longestResultTtlMs = 10 * 365 * 24 * 3_600_000;

const coroutineName = z
  .string()
  .refine(isCoroutineName, 'must be 1 to 200 letters, digits or any of _ $ . : / -, the first a letter, digit, _ or $')
  .meta({ minLength: 1, maxLength: 200, description: 'Name of a coroutine.' });

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const args = z
  .custom<Record<string, unknown>>(isObject, { error: 'must be an object', abort: true })
  .meta({ type: 'object', description: `Arguments, at most ${maxArgsDepth} levels deep. {} when left out.` });

const timeLimit = z.number().min(timeLimitRange.from).max(timeLimitRange.to);

const taskOptions = z
  .strictObject({
    retry: retryPolicy.exactOptional(),
    timeout: timeLimit.exactOptional().meta({
      description:
        'Milliseconds for one attempt. Then it is cancelled, and ends with TimeoutError unless it ends otherwise.',
    }),
    deadline: timeLimit.exactOptional().meta({
      description: 'Milliseconds from now, for the task and all below it. Then they end with TimeoutError.',
    }),
    expiresAfter: timeLimit.exactOptional().meta({
      description: 'Milliseconds from now. A task that has not started by then ends with ExpiredError and never runs.',
    }),
    name: z.string().min(1).max(200).exactOptional().meta({ description: 'A label for people.' }),
    priority: z.int().min(0).max(1_000_000).exactOptional().meta({ description: 'Higher goes first; 0 is usual.' }),
    resultTtlMs: z.int().min(1000).max(longestResultTtlMs).exactOptional().meta({
      description: 'The task and all below it are removed so long after its end; RESULT_TTL of the API by default.',
    }),
  })
  .meta({ id: 'TaskOptions' });

const submittable = coroutineName.refine((name) => !isInternal(name), {
  error: ({ input }) => `${input} runs parts of programs; submit the coroutine "${programName}"`,
});

export const submission = z
  .strictObject({ coroutine: submittable, args: args.exactOptional(), options: taskOptions.exactOptional() })
  .superRefine(({ coroutine, args }, context) => {
    if (coroutine === programName) return; // a program has limits of its own
    const fault = jsonFault(args, maxArgsDepth);
    if (fault) context.addIssue({ code: 'custom', path: ['args', ...fault.path], message: fault.detail });
  })
  .meta({ id: 'Submission', examples: [{ coroutine: 'main', args: {} }] });
export type Submission = z.output<typeof submission>;

export const maxBatch = 1000;

const tooMany = (value: unknown): boolean => Array.isArray(value) && value.length > maxBatch;

export const batch = z
  .strictObject({
    // Their number first: a body may hold many times as many, and each is looked at then.
    tasks: z.preprocess((value, context) => {
      if (tooMany(value)) context.addIssue({ code: 'custom', message: `must be at most ${maxBatch} tasks` });
      return value;
    }, z.array(submission).min(1).max(maxBatch)),
  })
  .meta({ id: 'Batch', examples: [{ tasks: [{ coroutine: 'main', args: {} }] }] });
export type Batch = z.output<typeof batch>;

export const cancellation = z
  .strictObject({
    message: z.string().max(10_000).exactOptional().meta({ description: 'Message of the CancelledError.' }),
  })
  .optional()
  .meta({ id: 'Cancellation' });
export type Cancellation = z.output<typeof cancellation>;

export const cancelQuery = z.strictObject({
  tree: z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', error: 'must be true or false' })
    .exactOptional()
    .meta({ type: 'boolean', description: 'Cancel everything below the task as well.' }),
});
export type CancelQuery = z.output<typeof cancelQuery>;

export const waitQuery = z.strictObject({
  waitMs: integerParameter(
    0,
    maxWaitMs,
    'Answer as soon as the task is settled, or after so many milliseconds with what it is then. ' +
      'At most 60000, unless CORRAL_MAX_WAIT_MS of the API says otherwise.',
  ).exactOptional(),
});
export type WaitQuery = z.output<typeof waitQuery>;

export const listQuery = z.strictObject({
  state: z.enum(taskStates).exactOptional(),
  coroutine: coroutineName.exactOptional(),
  cursor: z
    .string()
    .min(1)
    .max(200)
    .exactOptional()
    .meta({ description: '`nextCursor` of the page before: an opaque text.' }),
  limit: integerParameter(1, 500, 'Tasks a page, 50 by default.').exactOptional(),
});
export type ListQuery = z.output<typeof listQuery>;

export const treeQuery = z.strictObject({
  limit: integerParameter(1, 1000, 'Tasks of the tree that are shown, 1000 by default.').exactOptional(),
});
export type TreeQuery = z.output<typeof treeQuery>;
