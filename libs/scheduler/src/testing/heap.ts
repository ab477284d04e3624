/** A binary heap. What `compare` calls equal comes out in the order in which it went in. */
export class Heap<T> {
  readonly #items: { value: T; turn: number }[] = [];
  readonly #compare: (a: T, b: T) => number;
  #turn = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0]?.value;
  }

  push(value: T): void {
    let child = this.#items.push({ value, turn: this.#turn++ }) - 1;
    for (let parent = (child - 1) >> 1; child > 0 && this.#less(child, parent); parent = (child - 1) >> 1) {
      this.#swap(child, parent);
      child = parent;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    if (items.length > 1) this.#swap(0, items.length - 1);
    const first = items.pop()?.value;
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < items.length && this.#less(child, least)) least = child;
      if (least === parent) return first;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #less(i: number, j: number): boolean {
    const a = this.#items[i];
    const b = this.#items[j];
    if (a === undefined || b === undefined) return false;
    const order = this.#compare(a.value, b.value);
    return order < 0 || (order === 0 && a.turn < b.turn);
  }

  #swap(i: number, j: number): void {
    const items = this.#items;
    [items[i], items[j]] = [items[j] as (typeof items)[0], items[i] as (typeof items)[0]];
  }
}
