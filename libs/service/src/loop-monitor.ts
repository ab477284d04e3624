/**
 * How late timers of this process fire. A sampler of our own, because the one in prom-client is reset by every scrape:
 * a second reader then sees no block at all.
 */
const intervalMs = 20;
/** /healthz looks back this far, so that a probe that was itself held up still sees the block. */
const lookBackMs = 10_000;

export class LoopMonitor {
  readonly #timer: NodeJS.Timeout;
  #due = performance.now() + intervalMs;
  #worstMs = 0;
  #worstAt = performance.now();

  constructor(onDelay: (seconds: number) => void) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      const delayMs = Math.max(0, now - this.#due);
      this.#due = now + intervalMs;
      this.#remember(delayMs, now);
      onDelay(delayMs / 1000);
    }, intervalMs);
    this.#timer.unref();
  }

  /** The worst delay of the last seconds, a block that has only just ended included. */
  get delayMs(): number {
    const now = performance.now();
    this.#remember(Math.max(0, now - this.#due), now);
    return this.#worstMs;
  }

  #remember(delayMs: number, now: number): void {
    if (delayMs < this.#worstMs && now - this.#worstAt < lookBackMs) return;
    this.#worstMs = delayMs;
    this.#worstAt = now;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
