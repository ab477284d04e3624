/**
 * Courier: carries letters from one partition of the store to another (contract/store.ts).
 *
 * At once where a call of this worker has written some, and where the sweep finds what others have left. Several may
 * carry the same letters: the partition that gets them takes each once. What fails here is carried after the next sweep.
 */
import type { Instrument } from '../contract/instrument.ts';
import type { Store } from '../contract/store.ts';
import type { Hinter } from './hinter.ts';

export interface CourierParts {
  store: Store;
  instrument: Instrument;
  hinter: Hinter;
}

export class Courier {
  readonly #parts: CourierParts;
  /** By way. `again`: letters were written after the last look. */
  readonly #rounds = new Map<string, { again: boolean; done: Promise<void> }>();

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** Does not fail. */
  carry(from: number, destinations: readonly number[]): void {
    for (const to of destinations) {
      const way = `${from} ${to}`;
      const round = this.#rounds.get(way);
      if (round !== undefined) round.again = true;
      else this.#begin(from, to, way);
    }
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#rounds.size > 0) await Promise.all([...this.#rounds.values()].map(({ done }) => done));
  }

  #begin(from: number, to: number, way: string): void {
    const { instrument } = this.#parts;
    const done = this.#carryAll(from, to)
      .then(
        () => this.#rounds.get(way)?.again,
        (error: unknown) => {
          instrument.warning?.(`could not carry letters from partition ${from} to ${to}; the sweep will`, error);
          return false;
        },
      )
      .then((again) => {
        this.#rounds.delete(way);
        if (again) this.#begin(from, to, way);
      });
    this.#rounds.set(way, { again: false, done });
  }

  async #carryAll(from: number, to: number): Promise<void> {
    const { store, hinter } = this.#parts;
    for (let taken = 0; ; ) {
      const letters = await store.outbox(from, to, taken);
      const last = letters.at(-1);
      if (last === undefined) return;
      const { hints, mail } = await store.deliver(to, from, letters);
      hinter.send(to, hints);
      this.carry(to, mail);
      taken = last.number;
    }
  }
}
