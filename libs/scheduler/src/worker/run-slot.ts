/** The slot that a run holds while user code of its task may run (run.ts, W3). */
import type { AboutTask } from '../contract/instrument.ts';
import type { Birth } from './birth.ts';
import type { RunHost } from './run-host.ts';

type SlotHost = Pick<RunHost, 'clock' | 'slots' | 'instrument'>;

export class RunSlot {
  readonly #host: SlotHost;
  readonly #about: AboutTask;
  readonly #birth: Birth | undefined;
  #since: number | undefined;

  /** The caller has acquired it at `since`, by the clock's `monotonic`. */
  constructor(host: SlotHost, about: AboutTask, birth: Birth | undefined, since: number) {
    this.#host = host;
    this.#about = about;
    this.#birth = birth;
    this.#since = since;
  }

  get isHeld(): boolean {
    return this.#since !== undefined;
  }

  /** For how long it has been held; 0 when it is not. */
  get heldMs(): number {
    return this.#since === undefined ? 0 : this.#host.clock.monotonic() - this.#since;
  }

  async acquire(): Promise<void> {
    const { clock, slots, instrument } = this.#host;
    const askedAt = clock.monotonic();
    await slots.acquire();
    this.#since = clock.monotonic();
    instrument.taskResumed?.({ ...this.#about, waitedMs: this.#since - askedAt });
  }

  /** For others, if it is held; one that was lent goes back to its owner. */
  release(): void {
    if (this.#end() && !this.#birth?.lendsSlot()) this.#host.slots.release();
  }

  /** A member of a gather of this task has it now. */
  handOver(): void {
    this.#end();
  }

  #end(): boolean {
    if (this.#since === undefined) return false;
    this.#host.instrument.slotUsed?.({ ...this.#about, ms: this.heldMs });
    this.#since = undefined;
    return true;
  }
}
