/**
 * Oversights: what a coroutine has forgotten, in asyncio's debug mode.
 *
 * Owns: the coroutine objects and futures of one run that nobody has taken up yet, and where they were made. Does not own:
 * how long a step takes (worker/slow-steps.ts), and who is told.
 *
 * asyncio learns that something was forgotten when it is collected as garbage. Here it is known when the coroutine has
 * ended, for nobody else has the object: that is certain, and the same in every replay.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledError } from '../contract/exceptions.ts';
import type { Finding } from '../contract/instrument.ts';
import type { SettledState, TaskId } from '../contract/task.ts';
import { callerPlace } from './place.ts';

interface Noted {
  what: string;
  place: string | undefined;
  error?: unknown;
}

/** Runs code of a coroutine and times it, until its next await. */
export interface StepWatch {
  run<T>(oversights: Oversights, code: () => T): T;
}

/** Whose code runs now; a coroutine object has no other way to know who makes it. */
export const creator = new AsyncLocalStorage<Oversights>();

export class Oversights {
  readonly id: TaskId;
  readonly coroutine: string;
  /** Where the coroutine last called the loop; where it is defined, as long as it has not. */
  reached: string | undefined;
  readonly #unstarted = new Map<object, Noted>();
  readonly #open = new Map<object, Noted & { task: boolean }>();
  readonly #unretrieved = new Map<object, Noted>();

  constructor(id: TaskId, coroutine: string, definedAt: string | undefined) {
    this.id = id;
    this.coroutine = coroutine;
    this.reached = definedAt;
  }

  /** The coroutine calls the loop. */
  reach(): void {
    this.reached = callerPlace() ?? this.reached;
  }

  made(coroutine: object, name: string): void {
    this.#unstarted.set(coroutine, { what: name, place: callerPlace() });
  }

  given(coroutine: object): void {
    this.#unstarted.delete(coroutine);
  }

  /** `task`: what ends with the root when the coroutine does not wait for it. */
  began(future: object, what: string, task: boolean): void {
    this.#open.set(future, { what, place: this.reached, task });
  }

  settled(future: object): void {
    this.#open.delete(future);
  }

  /** Settled with an error, while nobody awaits it. */
  failed(future: object, error: unknown): void {
    const { what = 'a future', place } = this.#open.get(future) ?? {};
    this.#open.delete(future);
    if (!(error instanceof CancelledError)) this.#unretrieved.set(future, { what, place, error });
  }

  retrieved(future: object): void {
    this.#unretrieved.delete(future);
  }

  /** Once the coroutine has ended. A root that was cancelled has not forgotten what it could not wait for. */
  findings(state: SettledState, root: boolean): Finding[] {
    const pending = [...this.#open.values()].filter(({ task }) => task && root && state !== 'cancelled');
    return [
      this.#finding('neverAwaited', [...this.#unstarted.values()], ({ what }) => `coroutine ${what} was never awaited`),
      this.#finding(
        'neverRetrieved',
        [...this.#unretrieved.values()],
        ({ what, error }) => `Task exception was never retrieved: ${what}: ${String(error)}`,
      ),
      this.#finding('destroyedPending', pending, ({ what }) => `Task was destroyed but it is pending: ${what}`),
    ].filter((finding) => finding !== undefined);
  }

  #finding(kind: Finding['kind'], noted: readonly Noted[], word: (first: Noted) => string): Finding | undefined {
    const [first] = noted;
    if (first === undefined) return undefined;
    const { id, coroutine } = this;
    const { place, error } = first;
    return { kind, id, coroutine, message: word(first), place, count: noted.length, error };
  }
}
