/**
 * Copies of plain data, so that its JSON can be made later and still tell what it was at the call. A copy takes a small part
 * of the time that the text takes, and texts can be made a few at a time.
 */

/** Data nested deeper is rare, and may contain itself. */
const mostLevels = 20;
/** Of a number in JSON. */
const longestNumber = 25;
/** Of a UTF-16 unit in JSON: `\u0000`. */
const longestUnit = 6;

export class PlainCopies {
  readonly #bytes: number;
  /** So many may still come; below 0: the value is none for a copy. */
  #left = 0;

  /** `bytes`: what JSON makes of a copy has no more. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /**
   * Something that JSON.stringify makes the same of as `encode` makes of the value, whatever happens to that from now on.
   * Undefined when that is not sure: the value is not plain data alone, or it may have too many bytes.
   */
  of(value: unknown): unknown {
    this.#left = this.#bytes;
    const copy = this.#copy(value, 0);
    return this.#left < 0 ? undefined : copy;
  }

  #copy(value: unknown, level: number): unknown {
    switch (typeof value) {
      case 'string':
        this.#left -= value.length * longestUnit + 2;
        return value;
      case 'number':
        return Number.isFinite(value) ? this.#took(longestNumber, value) : this.#refused();
      case 'boolean':
        return this.#took(5, value);
      case 'undefined':
        return this.#took(4, null);
      case 'object':
        break;
      default:
        return this.#refused();
    }
    this.#left -= 4;
    if (value === null) return null;
    if (level === mostLevels || 'toJSON' in value) return this.#refused();
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#copyOfObject(value as Record<string, unknown>, level);
    if (prototype === Array.prototype) return this.#copyOfArray(value as unknown[], level);
    return this.#refused(); // an error, a map, what is of a class ...
  }

  #copyOfArray(array: readonly unknown[], level: number): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < array.length && this.#left >= 0; index++) {
      this.#left -= 1;
      copy.push(this.#copy(array[index], level + 1));
    }
    return copy;
  }

  /** Key by key: a spread takes twice as long where objects of many shapes come. */
  #copyOfObject(object: Record<string, unknown>, level: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const key in object) {
      // Inherited, or `__proto__`, or another that cannot simply be set.
      if (key in Object.prototype) this.#refused();
      if (this.#left < 0) break;
      const member = object[key];
      if (member === undefined) continue; // has no place in JSON
      this.#left -= key.length * longestUnit + 4;
      copy[key] = this.#copy(member, level + 1);
    }
    return copy;
  }

  #took<T>(bytes: number, value: T): T {
    this.#left -= bytes;
    return value;
  }

  #refused(): undefined {
    this.#left = Number.NEGATIVE_INFINITY;
  }
}
