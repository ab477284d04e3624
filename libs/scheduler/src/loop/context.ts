/** Context: values that a task's children inherit, as contextvars do. A child gets a copy of what is set when it is made. */
import { decode, encode } from '../contract/codec.ts';

export class Context {
  readonly #values: Map<string, string>;

  constructor(entries: readonly [string, unknown][]) {
    this.#values = new Map(entries.map(([name, value]) => [name, encode(value)]));
  }

  get<T = unknown>(name: string): T | undefined {
    const text = this.#values.get(name);
    return text === undefined ? undefined : (decode(text) as T);
  }

  /** Takes any JSON value. */
  set(name: string, value: unknown): void {
    this.#values.set(name, encode(value));
  }

  /** For the options of a child. */
  entries(): [string, unknown][] {
    return [...this.#values].map(([name, text]) => [name, decode(text)]);
  }
}
