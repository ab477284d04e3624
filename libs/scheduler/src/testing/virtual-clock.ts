/**
 * Time that moves only when a test says so, or, with `autojump`, when everybody waits for it (trio's MockClock).
 *
 * "Everybody waits" is a guess from outside: no timer was set, cancelled or fired and nothing was drained during a few
 * rounds of the event loop. Promises alone never outlast a round, so code that lives on this clock is seen reliably;
 * real sockets and files are not seen, and time may jump past them, unless `still` is told to wait for them.
 */
import type { Clock, Timer } from '../contract/clock.ts';
import { Heap } from './heap.ts';

const quietRounds = 3;
/** More rounds than any test needs: somebody drains or sets timers of 0 ms for ever. */
const maxRounds = 1_000_000;

export interface VirtualClockOptions {
  /** Milliseconds since the epoch. */
  start?: number;
  seed?: number;
  autojump?: boolean;
}

interface Entry {
  due: number;
  callback: () => void;
  cancelled: boolean;
}

export class VirtualClock implements Clock {
  readonly #start: number;
  readonly #autojump: boolean;
  readonly #timers = new Heap<Entry>((a, b) => a.due - b.due);
  #now: number;
  #seed: number;
  #activity = 0;
  #jumping = false;
  readonly #outside = new Set<Promise<unknown>>();

  constructor({ start = Date.UTC(2026, 0, 1), seed = 1, autojump = false }: VirtualClockOptions = {}) {
    this.#start = start;
    this.#now = start;
    this.#seed = seed;
    this.#autojump = autojump;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  setTimer(ms: number, callback: () => void): Timer {
    const entry: Entry = { due: this.#now + Math.max(0, ms), callback, cancelled: false };
    this.#activity++;
    this.#timers.push(entry);
    if (this.#autojump && !this.#jumping) void this.#jump();
    return {
      cancel: () => {
        this.#activity++;
        entry.cancelled = true;
      },
    };
  }

  async drain(): Promise<void> {
    this.#activity++;
    await nextRound();
    this.#activity++;
  }

  /** Time stands still until `work`, which happens outside of this clock, is settled. */
  async still<T>(work: Promise<T>): Promise<T> {
    const end: Promise<unknown> = work.then(
      () => this.#outside.delete(end),
      () => this.#outside.delete(end),
    );
    this.#outside.add(end);
    return await work;
  }

  /** Time stands still while code runs. */
  blocked(): boolean {
    return false;
  }

  /** The same bytes for the same seed and the same calls (mulberry32). */
  random(bytes: number): Uint8Array {
    return Uint8Array.from({ length: bytes }, () => {
      this.#seed = (this.#seed + 0x6d2b79f5) | 0;
      let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (mixed ^ (mixed >>> 14)) & 255;
    });
  }

  /** Lets `ms` pass: fires what falls due, each at its time, and lets its consequences happen before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.idle();
    for (let due = this.#nextDue(); due !== undefined && due <= end; due = this.#nextDue()) {
      this.#fire();
      await this.idle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Resolves when nobody does anything any more at this time. */
  async idle(): Promise<void> {
    for (let quiet = 0, rounds = 0; quiet < quietRounds; rounds++) {
      if (rounds > maxRounds) throw new Error(`still busy after ${maxRounds} rounds at the same virtual time`);
      while (this.#outside.size > 0) await Promise.race(this.#outside);
      const before = this.#activity;
      await nextRound();
      quiet = this.#activity === before ? quiet + 1 : 0;
    }
  }

  async #jump(): Promise<void> {
    this.#jumping = true;
    try {
      while (this.#nextDue() !== undefined) {
        await this.idle();
        if (this.#nextDue() !== undefined) this.#fire();
      }
    } finally {
      this.#jumping = false;
    }
  }

  #nextDue(): number | undefined {
    while (this.#timers.peek()?.cancelled) this.#timers.pop();
    return this.#timers.peek()?.due;
  }

  #fire(): void {
    const entry = this.#timers.pop();
    if (entry === undefined) return;
    this.#activity++;
    this.#now = Math.max(this.#now, entry.due);
    entry.callback();
  }
}

const nextRound = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
