/**
 * SlowSteps: which coroutine holds the event loop, and how long; asyncio's `slow_callback_duration`.
 *
 * A step is what runs from one await to the next. V8 tells when it begins and ends each continuation of a promise, and the
 * context that travels with it tells whose it is; so steps after plain I/O are seen too, and a step is never laid to
 * another coroutine that went on at the same time. That makes a bare await three times as dear (0.2 to 0.6 µs), so it is
 * for debug mode. The hook is the process's: one of these a process.
 */
import { promiseHooks } from 'node:v8';
import type { Instrument } from '../contract/instrument.ts';
import { creator, type Oversights, type StepWatch } from '../loop/oversights.ts';

export interface SlowStepsOptions {
  limitMs: number;
  instrument: Instrument;
  /** Milliseconds, monotonic. Not a worker's clock: what holds the loop takes real time, under a virtual clock too. */
  now?: () => number;
}

export class SlowSteps implements StepWatch {
  readonly #limitMs: number;
  readonly #instrument: Instrument;
  readonly #now: () => number;
  readonly #unhook: () => void;
  #began = 0;

  constructor({ limitMs, instrument, now = () => performance.now() }: SlowStepsOptions) {
    this.#limitMs = limitMs;
    this.#instrument = instrument;
    this.#now = now;
    this.#unhook = promiseHooks.createHook({
      before: () => {
        this.#began = now();
      },
      after: () => this.#ended(creator.getStore(), this.#began),
    }) as () => void;
  }

  /** For code that is called and not continued: the first step of a coroutine, and of a side effect. */
  run<T>(oversights: Oversights, code: () => T): T {
    const began = this.#now();
    try {
      return creator.run(oversights, code);
    } finally {
      this.#ended(oversights, began);
    }
  }

  close(): void {
    this.#unhook();
  }

  #ended(oversights: Oversights | undefined, began: number): void {
    if (oversights === undefined) return;
    const ms = this.#now() - began;
    if (ms <= this.#limitMs) return;
    const { id, coroutine, reached: place } = oversights;
    const message = `Executing ${coroutine} ${id} took ${(ms / 1000).toFixed(3)} seconds`;
    this.#instrument.found?.({ kind: 'slowStep', id, coroutine, message, place, count: 1, error: undefined });
  }
}
