/** Slots: how many coroutines run at once on this loop. Resumed coroutines go before new tasks. */
export class Slots {
  readonly total: number;
  #free: number;
  readonly #resuming: (() => void)[] = [];
  #fresh: PromiseWithResolvers<void> | undefined;

  constructor(total: number) {
    this.total = total;
    this.#free = total;
  }

  get free(): number {
    return this.#free;
  }

  /** For a coroutine that goes on: first come, first served. */
  acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#resuming.push(resolve));
  }

  /** For new tasks: takes up to `count` slots at once and tells how many; 0 when none is free. */
  acquireNowait(count: number): number {
    const taken = Math.min(count, this.#free);
    this.#free -= taken;
    return taken;
  }

  release(count = 1): void {
    this.#free += count;
    while (this.#free > 0 && this.#resuming.length > 0) {
      this.#free -= 1;
      this.#resuming.shift()?.();
    }
    if (this.#free > 0) {
      this.#fresh?.resolve();
      this.#fresh = undefined;
    }
  }

  /** Resolves when a slot is free that no resumed coroutine wants. */
  async waitFree(): Promise<void> {
    while (this.#free === 0) {
      this.#fresh ??= Promise.withResolvers();
      await this.#fresh.promise;
    }
  }
}
