/** Values of a label, at most so many: a label with unbounded values takes a metrics server down. */
export const otherLabel = '_OTHER';

export class BoundedLabels {
  readonly #values = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Gives the value a place if there is one left. */
  admit(value: string): string {
    if (this.#values.size < this.#max) this.#values.add(value);
    return this.of(value);
  }

  of(value: string): string {
    return this.#values.has(value) ? value : otherLabel;
  }
}
