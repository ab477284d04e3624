/** One who waits for "something is new", however often and whenever it is said. */
export class Notice {
  #given = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  give(): void {
    this.#given = true;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** What was said until now has been taken into account. */
  clear(): void {
    this.#given = false;
  }

  /** Resolves at once when something was said since the last `wait` or `clear`. */
  async wait(): Promise<void> {
    if (!this.#given) {
      this.#waiting ??= Promise.withResolvers();
      await this.#waiting.promise;
    }
    this.#given = false;
  }
}
