/**
 * Group commit: requests of many tasks go to the store in one call. A call starts when none is under way for the
 * partition, with everything that has gathered meanwhile; so batches grow with the load, and a single request waits for
 * nothing but the end of the current turn. An error rejects the requests of its call. Where the order of calls does not
 * matter, full ones need not wait for each other.
 */
import type { Clock } from './clock.ts';
import { bytesPerCall } from './limits.ts';

/** What goes to the store in one call. */
interface Batch<Request, Answer> {
  readonly requests: Request[];
  items: number;
  bytes: number;
  readonly answers: PromiseWithResolvers<Answer[]>;
}

interface Line<Request, Answer> {
  /** In the order in which they go. The last one takes what comes, as long as there is room. */
  readonly batches: Batch<Request, Answer>[];
  underWay: number;
}

export interface GroupCommitOptions<Request> {
  /** A call carries 200 items at most; a request is one unless this says otherwise. */
  itemsOf?: (request: Request) => number;
  /** A call carries about 4 MiB at most, and one request at least. */
  bytesOf?: (request: Request) => number;
  /** Calls of one partition at once; one by default. */
  mostUnderWay?: number;
}

/** A script with more than about 1,000 rows holds the store for over 10 ms (reliability H13); an item is a few rows. */
const largestCall = 200;

export class GroupCommit<Request, Answer> {
  readonly #clock: Clock;
  readonly #send: (partition: number, requests: readonly Request[]) => Promise<Answer[]>;
  readonly #itemsOf: (request: Request) => number;
  readonly #bytesOf: (request: Request) => number;
  readonly #partitions = new Map<number, Line<Request, Answer>>();
  readonly #mostUnderWay: number;
  #unanswered = 0;

  constructor(
    clock: Clock,
    send: (partition: number, requests: readonly Request[]) => Promise<Answer[]>,
    { itemsOf = () => 1, bytesOf = () => 0, mostUnderWay = 1 }: GroupCommitOptions<Request> = {},
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#itemsOf = itemsOf;
    this.#bytesOf = bytesOf;
    this.#mostUnderWay = mostUnderWay;
  }

  /** Requests that wait, or are under way. */
  get unanswered(): number {
    return this.#unanswered;
  }

  add(partition: number, request: Request): Promise<Answer> {
    const line = this.#lineOf(partition);
    const { requests, answers } = this.#join(line, request);
    const index = requests.length - 1;
    this.#begin(partition, line);
    return answers.promise.then((all) => all[index] as Answer);
  }

  /** In the order of the requests, without a promise for each of them. */
  async addAll(partition: number, requests: readonly Request[]): Promise<Answer[]> {
    const line = this.#lineOf(partition);
    const shares = new Map<Batch<Request, Answer>, { from: number; to: number }>();
    for (const request of requests) {
      const batch = this.#join(line, request);
      const to = batch.requests.length;
      const share = shares.get(batch);
      if (share === undefined) shares.set(batch, { from: to - 1, to });
      else share.to = to;
    }
    this.#begin(partition, line);
    const answers = [...shares].map(async ([batch, { from, to }]) => (await batch.answers.promise).slice(from, to));
    return (await Promise.all(answers)).flat();
  }

  #lineOf(partition: number): Line<Request, Answer> {
    let line = this.#partitions.get(partition);
    if (line === undefined) {
      line = { batches: [], underWay: 0 };
      this.#partitions.set(partition, line);
    }
    return line;
  }

  #join(line: Line<Request, Answer>, request: Request): Batch<Request, Answer> {
    const batch = this.#batchFor(line, request);
    batch.requests.push(request);
    this.#unanswered += 1;
    return batch;
  }

  #begin(partition: number, line: Line<Request, Answer>): void {
    while (line.batches.length > 0 && (line.underWay === 0 || (line.underWay < this.#mostUnderWay && isFull(line)))) {
      line.underWay += 1;
      void this.#flush(partition, line);
    }
  }

  #batchFor({ batches }: Line<Request, Answer>, request: Request): Batch<Request, Answer> {
    const [items, bytes] = [this.#itemsOf(request), this.#bytesOf(request)];
    const last = batches.at(-1);
    if (last !== undefined && last.items + items <= largestCall && last.bytes + bytes <= bytesPerCall) {
      last.items += items;
      last.bytes += bytes;
      return last;
    }
    const batch = { requests: [], items, bytes, answers: Promise.withResolvers<Answer[]>() };
    batches.push(batch);
    return batch;
  }

  async #flush(partition: number, line: Line<Request, Answer>): Promise<void> {
    await this.#clock.drain();
    while (isFull(line) || (line.underWay === 1 && line.batches.length > 0)) {
      const batch = line.batches.shift() as Batch<Request, Answer>;
      try {
        batch.answers.resolve(await this.#send(partition, batch.requests));
      } catch (error) {
        batch.answers.reject(error);
      }
      this.#unanswered -= batch.requests.length;
      if (!isFull(line) && !this.#clock.blocked()) await this.#joined();
    }
    line.underWay -= 1;
  }

  /** What an answer has let begin, and has ended at once, goes with what waited for the answer: it runs in the next turn of
   *  the event loop, and has asked by the one after. Else two parts of a load take turns and never come together. Where
   *  coroutines hold the loop its turns are too dear for that. */
  async #joined(): Promise<void> {
    await this.#clock.drain();
    await this.#clock.drain();
  }
}

/** The first batch takes no more: another has been begun. */
const isFull = ({ batches }: { batches: readonly unknown[] }): boolean => batches.length > 1;
