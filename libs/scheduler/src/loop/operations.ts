/** What an operation of the loop may do with its task: begin under a number, ask for effects, wait for its event. */

import type { TaskOptions } from '../contract/coroutine.ts';
import type { TaskEvent } from '../contract/history.ts';
import type { Limits } from '../contract/limits.ts';
import type { TaskId } from '../contract/task.ts';
import type { Awaiter } from './futures.ts';
import type { Task } from './tasks.ts';
import type { SideEffect, TurnRequests } from './turn.ts';

/** An event of the inbox, with what had to be read to act on it: of a gather the results of its members, or of the one that
 *  has decided it. Nobody else has the array. */
export type Delivery = TaskEvent & { results?: unknown[] };

export interface Operations extends Awaiter {
  readonly taskId: TaskId;
  /** Said about errors: `<coroutine> <task id>`. */
  readonly origin: string;
  readonly limits: Limits;
  /** Arguments that go out with this turn. @throws PayloadTooLargeError when they are too many at once */
  handOut(args: string): void;
  /** Numbers the operation; in replay checks it against the history. `on` gets the events of this number. */
  begin(kind: string, detail: string, on: (event: Delivery) => void): number;
  /** The operation brings no event any more. */
  close(op: number): void;
  /**
   * The requests of this turn; undefined when the history says that they were committed before: those of operation `op`,
   * or without a number those that follow from an event.
   */
  requests(op?: number): TurnRequests | undefined;
  /**
   * Runs a side effect on this worker, unless its outcome is in the inbox already. A start that was committed without
   * its outcome means that the worker died meanwhile: it runs again.
   */
  sideEffect(op: number, effect: SideEffect): void;
  /** Runs the callback once the coroutine has suspended, before anything that it began gets to run. */
  callSoon(callback: () => void): void;
  /** JSON of the options of a child: what its creator chose, and what it inherits. */
  keptOptions(options: TaskOptions): string;
  /** A handle that this coroutine has. */
  known(task: Task<unknown>): void;
  /** How many cancels were requested and not taken back. */
  readonly cancelling: number;
  /** Takes one back; answers how many are left. */
  uncancel(): number;
  /** Cancels the own task: strikes what it awaits. */
  cancelSelf(message?: string): void;
  /** Cancels the own task at its next await. */
  cancelNext(message?: string): void;
}
