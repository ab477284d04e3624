/** The choices out of which fast-check makes a random program; each of them shrinks towards the first. */
import fc, { type GeneratorValue } from 'fast-check';
import type { Json } from '../../libs/scheduler/src/program/expression.ts';

const deck = [1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 11];
const reusedNames = ['t', 'job', 'left', 'right', 'then', 'constructor', '__proto__'];
/** As text, for in source some of them would not be what they look like. */
const oddLiterals = JSON.parse(
  '[null, false, "", "none", [], {}, {"then": 1}, {"__proto__": {"type": 1}}, {"constructor": {}, "length": 0}, [1.5, "\u00fc\u20ac\ud834\udd1e"]]',
) as readonly Json[];

export class Draws {
  readonly #draw: GeneratorValue;
  #waits: number[] = [];
  #marks = 0;
  #names = 0;

  constructor(draw: GeneratorValue) {
    this.#draw = draw;
  }

  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return this.#draw(fc.integer, { min, max });
  }

  chance(percent: number): boolean {
    return this.integer(0, 99) >= 100 - percent;
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)] as T;
  }

  some<T>(values: readonly T[], min: number, max: number): T[] {
    const maxLength = Math.min(max, values.length);
    return this.#draw(fc.shuffledSubarray<T>, values as T[], { minLength: Math.min(min, maxLength), maxLength });
  }

  /** What a maker makes; one of weight 0 is never chosen. */
  weighted<T>(...choices: readonly (readonly [weight: number, make: () => T])[]): T {
    const possible = choices.filter(([weight]) => weight > 0);
    let left = this.integer(0, possible.reduce((sum, [weight]) => sum + weight, 0) - 1);
    for (const [weight, make] of possible) {
      if (left < weight) return make();
      left -= weight;
    }
    throw new Error('no choice of a weight above 0');
  }

  /** Dealt from a shuffled deck: two events at the same time are rare, for what they do is left open by asyncio. */
  units(): number {
    if (this.#waits.length === 0) this.#waits = this.some(deck, deck.length, deck.length);
    return this.#waits.pop() as number;
  }

  /** Another number each time, so that a value tells where it comes from; now and then an odd one. */
  literal(): Json {
    return this.chance(4) ? this.oneOf(oddLiterals) : this.mark();
  }

  mark(): number {
    return ++this.#marks;
  }

  /** Mostly a new one; the others are bound again and again. */
  name(): string {
    return this.chance(6) ? this.oneOf(reusedNames) : `n${++this.#names}`;
  }
}
