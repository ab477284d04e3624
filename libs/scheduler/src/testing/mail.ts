/** Letters between partitions: numbered by who writes them, taken in their order and once (contract/store.ts). */
import type { Outcome } from '../contract/outcome.ts';
import type { Cancel, Letter } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';

/** `op`: the operation of the task that waits. */
export type Content =
  | { kind: 'wait'; task: TaskId; op: number; target: TaskId }
  | { kind: 'cancel'; cancel: Cancel }
  | { kind: 'settled'; task: TaskId; op: number; outcome: Outcome };

const lettersPerCall = 100;

export class Mail {
  readonly #outboxes = new Map<number, Letter[]>();
  readonly #fresh = new Set<number>();
  /** Number of the last letter from each partition. */
  readonly #seen = new Map<number, number>();
  #number = 0;

  post(to: number, content: Content): void {
    const box = this.#outboxes.get(to) ?? [];
    this.#outboxes.set(to, box);
    this.#number += 1;
    box.push({ number: this.#number, text: JSON.stringify(content) });
    this.#fresh.add(to);
  }

  read(to: number, taken: number): Letter[] {
    const box = (this.#outboxes.get(to) ?? []).filter(({ number }) => number > taken);
    if (box.length === 0) this.#outboxes.delete(to);
    else this.#outboxes.set(to, box);
    return box.slice(0, lettersPerCall);
  }

  /** What was not taken before. */
  take(from: number, letters: readonly Letter[]): Content[] {
    const fresh = letters.filter(({ number }) => number > (this.#seen.get(from) ?? 0));
    const last = fresh.at(-1);
    if (last !== undefined) this.#seen.set(from, last.number);
    return fresh.map(({ text }) => JSON.parse(text) as Content);
  }

  /** Partitions that letters were written to since the last call. */
  fresh(): number[] {
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }

  /** Partitions that letters lie here for. */
  waiting(): number[] {
    return [...this.#outboxes.keys()];
  }
}
