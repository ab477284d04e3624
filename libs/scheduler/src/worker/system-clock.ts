/** The clock of this machine. */
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../contract/clock.ts';

/** Longer delays overflow setTimeout's 32 bits; the timer is set again when they have passed. */
const longestDelay = 2 ** 31 - 1;

const tickMs = 50;
const heldMs = 100;
const rememberMs = 1000;

export class SystemClock implements Clock {
  #draining: Promise<void> | undefined;
  #lastTick: number | undefined;
  #heldAt = Number.NEGATIVE_INFINITY;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(ms: number, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const delay = Math.min(left, longestDelay);
      handle = setTimeout(() => (left > delay ? arm(left - delay) : callback()), delay);
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  }

  /** All who wait in the same turn of the event loop share one immediate. */
  drain(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#draining = undefined;
        resolve();
      });
    });
    return this.#draining;
  }

  random(bytes: number): Uint8Array {
    return randomBytes(bytes);
  }

  blocked(): boolean {
    if (this.#lastTick === undefined) {
      this.#lastTick = this.monotonic();
      setInterval(() => this.#tick(), tickMs).unref();
    }
    return this.monotonic() - this.#heldAt < rememberMs;
  }

  #tick(): void {
    const now = this.monotonic();
    if (now - (this.#lastTick ?? now) > tickMs + heldMs) this.#heldAt = now;
    this.#lastTick = now;
  }
}
