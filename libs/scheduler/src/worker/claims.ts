/**
 * Claims: how tasks come to this worker, and begin here.
 *
 * Owns: nonces of claims, and the slots that a call has acquired until its tasks have begun. Does not own: which tasks are
 * asked for (intake.ts, runs.ts), how they run.
 *
 * K1. No task is claimed without a free slot, so a busy worker holds nothing that another could run. While the store is away
 *     a call holds none, for the tasks of other partitions go on; what it brings when it is back waits for slots.
 */
import type { Clock } from '../contract/clock.ts';
import type { Hint } from '../contract/dispatch.ts';
import type { Claim, Next, Store, Token } from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import type { Naps } from './naps.ts';
import type { Slots } from './slots.ts';
import { untilAvailable } from './until-available.ts';

export interface ClaimsParts {
  store: Pick<Store, 'claim'>;
  clock: Clock;
  slots: Slots;
  hinter: { send(partition: number, hints: readonly Hint[]): void };
  naps: Pick<Naps, 'news' | 'notTold'>;
  session(): SessionId;
  /** Runs a claimed task; a slot is acquired for it. */
  begin(claim: Claim): void;
}

export class Claims {
  readonly #parts: ClaimsParts;
  #nonces = 0;
  /** Numbers of the calls that may bring tasks and have not been answered, oldest first. */
  readonly #underWay = new Set<number>();
  /** This worker stops: it begins nothing any more. */
  draining = false;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** Number of the last call that may bring tasks. */
  get last(): number {
    return this.#nonces;
  }

  /** For members of a gather that this worker begins by itself. */
  newToken(): Token {
    const { session, nonce } = this.#next(0);
    return `1:${session}:${nonce}`;
  }

  /** All calls up to this one have been answered, and what they brought has begun. */
  areAnswered(upTo: number): boolean {
    const [oldest = Number.POSITIVE_INFINITY] = this.#underWay;
    return oldest > upTo;
  }

  /** Claims up to `slots` of them, which have been acquired; the others go back to `ready`. */
  async claim(partition: number, ids: readonly TaskId[], slots: number): Promise<void> {
    const { store, hinter } = this.#parts;
    const { session, nonce } = this.#next(slots);
    const max = this.draining ? 0 : slots;
    const { hints } = await this.#bring(slots, () => store.claim(partition, session, nonce, ids, max));
    hinter.send(partition, hints);
  }

  /** Lets a call that ends tasks bring others for all slots that are free: no worker waits for its next tasks longer than for
   *  that answer, and what was handed out in small pieces comes together again; who took no more than have ended would never
   *  take more. Also where coroutines hold the loop: what is ready has no free slot elsewhere, or a hint would be on its way. */
  async following<T extends { claims: Claim[] }>(
    lane: string,
    partition: number,
    call: (next: Next | undefined) => Promise<T>,
  ): Promise<T> {
    const { slots } = this.#parts;
    const taken = this.draining ? 0 : slots.acquireNowait(slots.total);
    return await this.#follow(lane, partition, { held: taken, max: taken }, call);
  }

  /** The store has claimed it for this worker. */
  given(claim: Claim): void {
    this.#begin([claim], this.#parts.slots.acquireNowait(1));
  }

  /** As `following`, for a call that suspends so many tasks: they give their slots up when it is answered. No more than that:
   *  what they have created is work for all, and hints carry the rest. */
  async replacing<T extends { claims: Claim[] }>(
    lane: string,
    partition: number,
    suspended: number,
    call: (next: Next | undefined) => Promise<T>,
  ): Promise<T> {
    return await this.#follow(lane, partition, { held: 0, max: this.draining ? 0 : suspended }, call);
  }

  async #follow<T extends { claims: Claim[] }>(
    lane: string,
    partition: number,
    { held, max }: { held: number; max: number },
    call: (next: Next | undefined) => Promise<T>,
  ): Promise<T> {
    const { naps } = this.#parts;
    const next = { ...this.#next(max), lane };
    return await this.#bring(held, async () => {
      const resting = naps.news(partition);
      if (max === 0 && resting === undefined) return await call(undefined);
      try {
        return await call({ ...next, resting });
      } catch (error) {
        naps.notTold(partition);
        throw error;
      }
    });
  }

  #next(max: number): Omit<Next, 'lane'> {
    return { session: this.#parts.session(), nonce: String(++this.#nonces), max };
  }

  /** The same nonce again after a lost answer: a claim that was made must not be forgotten. */
  async #bring<T extends { claims: Claim[] }>(held: number, call: () => Promise<T>): Promise<T> {
    const { clock, slots } = this.#parts;
    const number = this.#nonces;
    this.#underWay.add(number);
    try {
      const answer = await untilAvailable(clock, async () => {
        try {
          return await call();
        } catch (error) {
          slots.release(held);
          held = 0;
          throw error;
        }
      });
      this.#begin(answer.claims, held);
      return answer;
    } finally {
      this.#underWay.delete(number);
    }
  }

  #begin(claims: readonly Claim[], held: number): void {
    const { slots, begin } = this.#parts;
    for (const claim of claims.slice(0, held)) begin(claim);
    for (const claim of claims.slice(held)) void slots.acquire().then(() => begin(claim));
    slots.release(Math.max(0, held - claims.length));
  }
}
