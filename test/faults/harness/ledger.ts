/** What coroutines really did, in a Redis that no fault touches. Times are the ledger's own, which is this machine's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface Entry {
  /** Milliseconds since the epoch. */
  at: number;
  task: string;
  event: string;
  key: string;
  pid: number;
}

const page = 5_000;

export class Ledger {
  readonly #redis: Redis;
  readonly #entries: Entry[] = [];
  #last = '-';

  constructor(url: string) {
    this.#redis = new Redis(url);
  }

  /** All so far. */
  async read(): Promise<readonly Entry[]> {
    for (;;) {
      const rows = await this.#redis.xrange('ledger', this.#last === '-' ? '-' : `(${this.#last}`, '+', 'COUNT', page);
      for (const [id, fields] of rows) {
        const row = new Map<string, string>();
        for (let i = 0; i < fields.length; i += 2) row.set(fields[i] as string, fields[i + 1] as string);
        const text = (name: string): string => row.get(name) ?? '';
        const at = Number(id.split('-')[0]);
        this.#entries.push({
          at,
          task: text('task'),
          event: text('event'),
          key: text('key'),
          pid: Number(text('pid')),
        });
        this.#last = id;
      }
      if (rows.length < page) return this.#entries;
    }
  }

  /** Waits until the ledger holds what `test` wants to see. */
  async until(test: (entries: readonly Entry[]) => boolean, ms = 60_000): Promise<void> {
    for (const deadline = performance.now() + ms; ; await sleep(20)) {
      const entries = await this.read();
      if (test(entries)) return;
      if (performance.now() > deadline)
        throw new Error(`the ledger has ${entries.length} entries and still not what the row waits for`);
    }
  }

  async count(event: string): Promise<number> {
    return (await this.read()).filter((entry) => entry.event === event).length;
  }

  /** Starts of each task. */
  async starts(): Promise<Map<string, Entry[]>> {
    return Map.groupBy(
      (await this.read()).filter(({ event }) => event === 'start'),
      ({ task }) => task,
    );
  }

  close(): void {
    this.#redis.disconnect();
  }
}
