/** The port to threads, where functions run that would hold the event loop for long. */
import type { Outcome } from './outcome.ts';

/** A call of a threaded function, as it crosses to a thread. */
export interface ThreadCall {
  /** URL of the module that defines it. */
  module: string;
  name: string;
  /** JSON array of the arguments. */
  args: string;
  /** Said about errors: `<coroutine> <task id>`. */
  origin: string;
}

export interface Threads {
  /**
   * Runs the call on a thread, when one is free. An abort terminates the thread: the outcome is then `cancelled`, and
   * comes when the thread has ended. Does not reject.
   */
  run(call: ThreadCall, signal: AbortSignal): Promise<Outcome>;
  /** Terminates what still runs, and ends all threads. */
  close(): Promise<void>;
}
