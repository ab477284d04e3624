/** The inbox of one task as its run knows it: what has come, and how much of it the coroutine has been given. */
import { NonDeterminismError } from '../contract/exceptions.ts';
import type { TaskEvent } from '../contract/history.ts';

const none: ReadonlySet<number> = new Set();

export class RunInbox {
  /** In order; the first `#delivered` have been given, and are kept only for a replay in this run. */
  readonly #events: (TaskEvent | undefined)[];
  readonly #keeps: boolean;
  #delivered = 0;

  constructor(events: TaskEvent[], keeps: boolean) {
    this.#events = events;
    this.#keeps = keeps;
  }

  /** How many events this run has: newer ones are news. */
  get known(): number {
    return this.#events.length;
  }

  get allDelivered(): boolean {
    return this.#delivered === this.#events.length;
  }

  /** Operations whose outcome has come as a step's. */
  get steps(): ReadonlySet<number> {
    if (this.#events.length === 0) return none;
    return new Set(this.#events.flatMap((event) => (event?.kind === 'step' ? [event.op] : [])));
  }

  /** Events from number `from` on, as the store gave them; those that are known already are skipped. How many are new;
   *  undefined when some that came before are missing here. */
  receive(from: number, events: readonly TaskEvent[]): number | undefined {
    if (from > this.#events.length) return undefined;
    const fresh = events.slice(this.#events.length - from);
    for (const event of fresh) this.#events.push(event);
    return fresh.length;
  }

  /** The next one to be given. */
  next(): TaskEvent {
    const event = this.#events[this.#delivered];
    if (event === undefined) throw new NonDeterminismError('the history holds more events than the inbox');
    if (!this.#keeps) this.#events[this.#delivered] = undefined;
    this.#delivered += 1;
    return event;
  }

  /** All are to be given again. */
  rewind(): void {
    this.#delivered = 0;
  }
}
