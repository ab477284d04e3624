/** Side effects of steps and calls on threads, while they run; each gives one event for the inbox of its task. */
import { encode } from '../contract/codec.ts';
import { FencedError } from '../contract/exceptions.ts';
import type { TaskEvent } from '../contract/history.ts';
import { type Limits, sized } from '../contract/limits.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Threads } from '../contract/threads.ts';
import { failure } from '../loop/failure.ts';
import type { SideEffect } from '../loop/turn.ts';

export class SideEffects {
  /** Said about errors: `<coroutine> <task id>`. */
  readonly #origin: string;
  readonly #threads: Threads;
  readonly #limits: Limits;
  readonly #onEnd: (event: TaskEvent) => void;
  /** Of the calls that are on threads now. */
  readonly #aborts = new Set<AbortController>();
  #running = 0;

  constructor(origin: string, threads: Threads, limits: Limits, onEnd: (event: TaskEvent) => void) {
    this.#origin = origin;
    this.#threads = threads;
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  get running(): boolean {
    return this.#running > 0;
  }

  async begin(op: number, effect: SideEffect): Promise<void> {
    this.#running += 1;
    const outcome = await (effect.kind === 'step' ? this.#step(effect.run) : this.#onThread(effect));
    this.#running -= 1;
    this.#onEnd({ kind: 'step', op, outcome: this.#checked(outcome) });
  }

  /** Nobody waits for results any more: threads are terminated. A step cannot be; it may listen to `loop.signal`. */
  abandon(reason: string): void {
    for (const abort of this.#aborts) abort.abort(new FencedError(reason));
  }

  #checked(outcome: Outcome): Outcome {
    try {
      sized('result of a step', outcome.payload, this.#limits.payload, 'payload');
      return outcome;
    } catch (error) {
      return failure(error, this.#origin, this.#limits);
    }
  }

  async #step(run: () => unknown): Promise<Outcome> {
    try {
      return { state: 'succeeded', payload: encode(await run()) };
    } catch (error) {
      return failure(error, this.#origin, this.#limits);
    }
  }

  async #onThread({ call, signal }: Extract<SideEffect, { kind: 'thread' }>): Promise<Outcome> {
    const abandoned = new AbortController();
    this.#aborts.add(abandoned);
    const outcome = await this.#threads.run(call, AbortSignal.any([signal, abandoned.signal]));
    this.#aborts.delete(abandoned);
    return outcome;
  }
}
