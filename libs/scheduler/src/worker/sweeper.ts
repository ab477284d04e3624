/**
 * Sweeper: calls the sweep of each partition once a second, and hands on what it answers. Every process does, workers and
 * APIs alike: what time makes due must not wait for a worker (D1). Sweeps of several processes do no harm.
 */
import type { Clock } from '../contract/clock.ts';
import type { Dispatch } from '../contract/dispatch.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { Store } from '../contract/store.ts';
import type { Courier } from './courier.ts';
import type { Hinter } from './hinter.ts';
import { Ticker } from './ticker.ts';

export interface SweeperParts {
  store: Store;
  dispatch: Dispatch;
  clock: Clock;
  instrument: Instrument;
  hinter: Hinter;
  courier: Courier;
}

const roundMs = 1000;
/** A hint that nobody claimed is given out again: soon when nothing is on its way, later when workers are just busy. */
const hintTtlMs = 2000;
const hintTtlBusyMs = 5000;

export class Sweeper {
  readonly #parts: SweeperParts;
  readonly #rounds: Ticker[];
  #failing = false;
  #stopped = false;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    const { clock, store } = parts;
    const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
    this.#rounds = partitions.map((partition) => new Ticker(clock, roundMs, () => this.sweep(partition)));
  }

  start(): void {
    for (const round of this.#rounds) round.start();
  }

  /** Does not fail. True: there is more to do at once. */
  async sweep(partition: number): Promise<boolean> {
    const { store, dispatch, instrument, hinter, courier } = this.#parts;
    try {
      const busy = (await dispatch.backlog(partition)) > 0;
      const swept = await store.sweep(partition, busy ? hintTtlBusyMs : hintTtlMs);
      this.#failing = false;
      hinter.resize(swept.slots, swept.workers);
      hinter.send(partition, swept.hints);
      courier.carry(partition, swept.mail);
      const { expired, timers, removed, hints } = swept;
      instrument.swept?.({ expired, timers, removed, hinted: hints.length });
      return swept.more;
    } catch (error) {
      // One word about an outage is enough.
      if (!this.#failing && !this.#stopped) instrument.warning?.('could not sweep', error);
      this.#failing = true;
      return false;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#rounds.map((round) => round.stop()));
  }
}
