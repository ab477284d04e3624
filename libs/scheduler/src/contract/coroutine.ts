/** What `coroutine(name, fn, options)` takes beside the function. */
import type { StandardSchemaV1 } from '@standard-schema/spec';

export interface CoroutineOptions {
  /** Any Standard Schema (zod, valibot, arktype ...): arguments are checked before the task exists, and before it runs. */
  args?: StandardSchemaV1;
  description?: string;
}

/** What is kept of a task besides its arguments: what its creator chose, and what it inherits. */
export interface KeptOptions extends TaskOptions {
  context?: [name: string, value: unknown][];
}

/** Options of one task. */
export interface TaskOptions {
  /** A label for people, as in `asyncio.create_task(name=)`. */
  name?: string;
  /** 0 ... 1,000,000; higher first. */
  priority?: number;
}
