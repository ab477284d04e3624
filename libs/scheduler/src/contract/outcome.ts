/** How a task ends, as it crosses processes. Payloads are JSON texts: opaque to the store, parsed once by whoever needs them. */
import type { SettledState } from './task.ts';

/** An error as data: what REST shows, what `returnExceptions` puts in the place of a value as `{ "error": ... }`. */
export interface ErrorValue {
  type: string;
  message: string;
  /** The stack on the worker where it was thrown. */
  stack?: string;
  cause?: ErrorValue;
  /** The members of an ExceptionGroup. */
  errors?: ErrorValue[];
  /** The coroutine and task that it came from. */
  task?: string;
}

/** `payload`: the JSON of the result (succeeded) or of an ErrorValue (failed, cancelled). */
export interface Outcome {
  state: SettledState;
  payload: string;
}

/** How members of a gather have ended. */
export interface GroupMembers {
  /** Of the members `from` ... `from + count - 1`; undefined for one that has not ended. */
  outcomes: (Outcome | undefined)[];
  /** Of the whole group. */
  size: number;
  /** By the store's clock: since the group was made, and since it was decided (0 while it is not). */
  openMs: number;
  decidedMs: number;
}
