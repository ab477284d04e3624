/**
 * The raw limit: the same bytes through lists of Redis in batches, with workers of the same number and nothing else: no
 * state, no ids, no crash that it would survive.
 */
import type { Redis } from 'ioredis';
import type { Contender } from '../contest.ts';
import type { Item } from '../items.ts';
import { doneList, todoList } from './limit-lists.ts';
import type { Helpers, Rig } from './rig.ts';

const database = 2;
const batch = 100;

export class Limit {
  readonly #rig: Rig;
  readonly #helpers: Helpers;
  readonly #push: Redis;
  readonly #pop: Redis;

  static async start(rig: Rig, { workers = 2 } = {}): Promise<Limit> {
    return new Limit(rig, await rig.helpers('limit-worker', workers, database, []));
  }

  private constructor(rig: Rig, helpers: Helpers) {
    this.#rig = rig;
    this.#helpers = helpers;
    this.#push = rig.connect(database);
    this.#pop = rig.connect(database);
  }

  contender(run: Contender['run'], name = 'raw limit'): Contender {
    const { redis, redisPid } = this.#rig;
    const { processes, broken } = this.#helpers;
    return { name, processes: { producer: process.pid, redis: redisPid, ...processes }, redis: [redis], broken, run };
  }

  /** In the order of `work`. */
  async all<Work extends Item>(work: readonly Work[]): Promise<Item[]> {
    const pushed: Promise<unknown>[] = [];
    for (let i = 0; i < work.length; i += batch)
      pushed.push(this.#push.rpush(todoList, JSON.stringify(work.slice(i, i + batch))));
    const answers: Item[] = [];
    for (let left = work.length; left > 0; ) {
      const popped = await this.#pop.blpop(doneList, 0);
      const done = JSON.parse(popped?.[1] ?? '[]') as Item[];
      for (const answer of done) answers[answer.i] = answer;
      left -= done.length;
    }
    await Promise.all(pushed);
    return answers;
  }

  async one(item: Item): Promise<Item | undefined> {
    await this.#push.rpush(todoList, JSON.stringify([item]));
    const popped = await this.#pop.blpop(doneList, 0);
    return (JSON.parse(popped?.[1] ?? '[]') as Item[])[0];
  }
}
