/** What `coroutine(name, fn, options)` takes beside the function, and what its creator may choose for a task. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { checkRetryPolicy, type RetryPolicy } from './retry.ts';
import { checkTimeLimits, type KeptTimeLimits, type TimeLimits } from './time-limits.ts';
import type { TraceContext } from './trace.ts';

/** How a task is to be run. A coroutine may say it for all of its tasks; the task's own option wins. */
export interface TaskPolicies extends TimeLimits {
  /** What happens when an attempt fails. By default there is one. */
  retry?: RetryPolicy;
}

export interface CoroutineOptions extends TaskPolicies {
  /** Any Standard Schema (zod, valibot, arktype ...): arguments are checked before the task exists, and before it runs. */
  args?: StandardSchemaV1;
  description?: string;
  /**
   * `near`: its tasks hold the loop for a moment only, so the first few that one turn creates start where they were
   * created while that worker has slots: together, and without a way through the cluster. By default they spread.
   */
  placement?: 'near' | 'spread';
}

/** Options of one task. */
export interface TaskOptions extends TaskPolicies {
  /** A label for people, as in `asyncio.create_task(name=)`. */
  name?: string;
  /** 0 ... 1,000,000; higher first. */
  priority?: number;
}

/** What is kept of a task besides its arguments: what its creator chose, and what it inherits. */
export interface KeptOptions extends TaskOptions, KeptTimeLimits {
  context?: [name: string, value: unknown][];
  /** Of the tree. */
  trace?: TraceContext;
}

/** Most tasks have none. */
const none: KeptOptions = {};

export const decodeOptions = (text: string): Readonly<KeptOptions> =>
  text === '{}' ? none : (JSON.parse(text) as KeptOptions);

/** @throws RangeError that names the option; `where` is what takes it */
export function checkPolicies(where: string, policies: TaskPolicies): void {
  if (policies.retry !== undefined) checkRetryPolicy(`${where}: retry`, policies.retry);
  checkTimeLimits(where, policies);
}
