/** Side effects of steps, while they run on this worker; each gives one event for the inbox of its task. */
import { encode, errorValue } from '../contract/codec.ts';
import { CancelledError } from '../contract/exceptions.ts';
import type { TaskEvent } from '../contract/history.ts';

export class SideEffects {
  /** Said about errors: `<coroutine> <task id>`. */
  readonly #origin: string;
  readonly #onEnd: (event: TaskEvent) => void;
  #running = 0;

  constructor(origin: string, onEnd: (event: TaskEvent) => void) {
    this.#origin = origin;
    this.#onEnd = onEnd;
  }

  get running(): boolean {
    return this.#running > 0;
  }

  async begin(op: number, run: () => unknown): Promise<void> {
    this.#running += 1;
    const event = await this.#eventOf(op, run);
    this.#running -= 1;
    this.#onEnd(event);
  }

  async #eventOf(op: number, run: () => unknown): Promise<TaskEvent> {
    try {
      return { kind: 'step', op, outcome: { state: 'succeeded', payload: encode(await run()) } };
    } catch (error) {
      const state = error instanceof CancelledError ? 'cancelled' : 'failed';
      return { kind: 'step', op, outcome: { state, payload: encode(errorValue(error, this.#origin)) } };
    }
  }
}
