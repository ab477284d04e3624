/**
 * Group commit: requests of many tasks go to the store in one call. A call starts when none is under way for the
 * partition, with everything that has gathered meanwhile; so batches grow with the load, and a single request waits for
 * nothing but the end of the current turn. An error rejects the requests of its call.
 */
import type { Clock } from './clock.ts';
import { bytesPerCall } from './limits.ts';

interface Waiting<Request, Answer> {
  request: Request;
  answer: PromiseWithResolvers<Answer>;
}

/** A script with more than about 1,000 items holds the store for over 10 ms (reliability H13); a task is a few items. */
const largestCall = 200;

export class GroupCommit<Request, Answer> {
  readonly #clock: Clock;
  readonly #send: (partition: number, requests: readonly Request[]) => Promise<Answer[]>;
  readonly #bytesOf: (request: Request) => number;
  readonly #partitions = new Map<number, { queue: Waiting<Request, Answer>[]; busy: boolean }>();

  /** `bytesOf`: a call carries about 4 MiB at most, and one request at least. */
  constructor(
    clock: Clock,
    send: (partition: number, requests: readonly Request[]) => Promise<Answer[]>,
    bytesOf: (request: Request) => number = () => 0,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#bytesOf = bytesOf;
  }

  add(partition: number, request: Request): Promise<Answer> {
    let state = this.#partitions.get(partition);
    if (state === undefined) {
      state = { queue: [], busy: false };
      this.#partitions.set(partition, state);
    }
    const answer = Promise.withResolvers<Answer>();
    state.queue.push({ request, answer });
    if (!state.busy) {
      state.busy = true;
      void this.#flush(partition, state);
    }
    return answer.promise;
  }

  /** How many of the first requests go into one call. */
  #fitting(queue: readonly Waiting<Request, Answer>[]): number {
    let bytes = 0;
    for (const [count, { request }] of queue.entries()) {
      bytes += this.#bytesOf(request);
      if (count === largestCall || (count > 0 && bytes > bytesPerCall)) return count;
    }
    return queue.length;
  }

  async #flush(partition: number, state: { queue: Waiting<Request, Answer>[]; busy: boolean }): Promise<void> {
    await this.#clock.drain();
    while (state.queue.length > 0) {
      const batch = state.queue.splice(0, this.#fitting(state.queue));
      try {
        const requests = batch.map(({ request }) => request);
        const answers = await this.#send(partition, requests);
        for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index] as Answer);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    state.busy = false;
  }
}
