/** A million tasks, in gathers of 100,000 whose results are kept for some seconds: what builds up, and what holds the loop. */
import { hold } from '../contest.ts';
import { Corral } from '../peers/corral.ts';
import { Heaps } from '../peers/heaps.ts';
import { Rig } from '../peers/rig.ts';
import { longestCallRow, rowOf } from '../rows.ts';
import { check, rate, type Workload } from '../workload.ts';

const gathers = 10;
/** Longer than one of them takes, shorter than all. */
const resultTtlMs = 10_000;
const bucket = /^corral_event_loop_delay_seconds_bucket\{.*le="([^"]+)".*\} (\d+)$/gm;

export const million: Workload = {
  name: 'million',
  async *measure({ quick }) {
    const [count, rounds] = quick ? [1000, 2] : [100_000, gathers];
    await using rig = await Rig.start();
    const heaps = new Heaps(`${rig.home}/heaps`);
    const corral = await Corral.start(rig, { env: heaps.env });
    const { workers } = corral.cluster;
    const pids = workers.map(({ child }) => child.pid ?? 0);
    const delays = new Delays(workers.map(({ url }) => url));
    const title = `${(rounds * count).toLocaleString('en')} tasks in ${rounds} gathers`;
    const [ours] = await hold({
      ...{ title, rounds, warmUps: 1 },
      contenders: [
        corral.contender(async () => {
          await delays.longest();
          const [perSecond] = await rate(count, async () => {
            const { id } = await corral.client.submit('bench.gather', { count }, { resultTtlMs });
            check('gather', (await corral.settled(id)).result, count);
          });
          const delayMs = await delays.longest();
          return [perSecond, delayMs, await rig.usedMemory(), (await heaps.used(pids)) / pids.length];
        }),
      ],
    });
    yield rowOf({ title, unit: 'tasks/s', target: { value: 30_000 } }, ours, [], count);
    yield longestCallRow(`${title}: longest call of Redis`, ours);
    yield rowOf({ title: `${title}: event loop of a worker, late by less than`, unit: 'ms', at: 1 }, ours, [], count);
    yield rowOf({ title: `${title}: memory of Redis after each`, unit: 'bytes', at: 2 }, ours, [], count);
    yield rowOf({ title: `${title}: heap of a worker after each`, unit: 'bytes', at: 3 }, ours, [], count);
  },
};

/** How late timers fired in workers since the last look, as their metrics tell it. */
class Delays {
  readonly #urls: readonly string[];
  readonly #seen = new Map<string, number>();

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** Upper bound of the highest bucket that something has fallen into, in milliseconds. */
  async longest(): Promise<number> {
    const each = await Promise.all(this.#urls.map((url) => this.#longestAt(url)));
    return Math.max(...each);
  }

  async #longestAt(url: string): Promise<number> {
    const answer = await fetch(`${url}/metrics`);
    let [longest, below] = [0, 0];
    for (const [, bound = '', total] of (await answer.text()).matchAll(bucket)) {
      const series = `${url} ${bound}`;
      const here = Number(total) - (this.#seen.get(series) ?? 0);
      this.#seen.set(series, Number(total));
      if (here > below) longest = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound) * 1000;
      below = here;
    }
    if (below === 0) throw new Error(`${url} does not tell how late its timers fire`);
    return longest;
  }
}
