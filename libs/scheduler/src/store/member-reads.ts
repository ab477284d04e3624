/**
 * Outcomes of members of gathers. What is asked for in one turn of the event loop goes in one call: a tree of gathers asks for
 * many small ones at once.
 */
import { bytesPerCall } from '../contract/limits.ts';
import type { GroupMembers, Outcome } from '../contract/outcome.ts';
import type { SettledState, TaskId } from '../contract/task.ts';
import type { Row } from './rows.ts';

type Answer = [
  ends: readonly string[],
  size: string | number,
  created: string | number,
  decided: string | number,
  now: number,
];

interface Read {
  group: TaskId;
  from: number;
  count: number;
  answer: PromiseWithResolvers<GroupMembers>;
}

/** As many members as one call may read: 1,000 hold Redis for about a millisecond. */
const mostMembers = 1000;

export class MemberReads {
  readonly #run: (partition: number, row: Row, items: number) => Promise<unknown>;
  readonly #waiting = new Map<number, Read[]>();

  constructor(run: (partition: number, row: Row, items: number) => Promise<unknown>) {
    this.#run = run;
  }

  add(partition: number, group: TaskId, from: number, count: number): Promise<GroupMembers> {
    const answer = Promise.withResolvers<GroupMembers>();
    const waiting = this.#waiting.get(partition);
    if (waiting !== undefined) waiting.push({ group, from, count, answer });
    else {
      this.#waiting.set(partition, [{ group, from, count, answer }]);
      setImmediate(() => this.#flush(partition));
    }
    return answer.promise;
  }

  #flush(partition: number): void {
    const reads = this.#waiting.get(partition) ?? [];
    this.#waiting.delete(partition);
    for (let from = 0; from < reads.length; ) {
      let [to, members] = [from, 0];
      for (; to < reads.length && (to === from || members + (reads[to]?.count ?? 0) <= mostMembers); to++)
        members += reads[to]?.count ?? 0;
      void this.#read(partition, reads.slice(from, to), members);
      from = to;
    }
  }

  /** The script answers at least the first of them, and leaves the last ones out when they have more than 4 MiB. */
  async #read(partition: number, reads: readonly Read[], members: number): Promise<void> {
    try {
      const row = reads.flatMap(({ group, from, count }) => [group, from, count]);
      const answers = (await this.#run(partition, [bytesPerCall, reads.length, ...row], members)) as Answer[];
      for (const [at, answer] of answers.entries()) reads[at]?.answer.resolve(toMembers(answer));
      const left = reads.slice(answers.length);
      if (left.length > 0) await this.#read(partition, left, members);
    } catch (error) {
      for (const { answer } of reads) answer.reject(error);
    }
  }
}

/** The text after it is results of members that have all succeeded. */
const resultsMark = '=';

/** Many ends a text: a client takes longer for a reply of many parts. */
export function toMembers([ends, size, created, decided, now]: Answer): GroupMembers {
  const since = (at: string | number): number => (Number(at) === 0 ? 0 : now - Number(at));
  const outcomes: (Outcome | undefined)[] = [];
  for (const [i, text] of ends.entries()) {
    if (ends[i - 1] === resultsMark)
      for (const payload of text.split('\0')) outcomes.push({ state: 'succeeded', payload });
    else if (text !== resultsMark) for (const end of text.split('\0')) outcomes.push(toOutcome(end));
  }
  return { outcomes, size: Number(size), openMs: since(created), decidedMs: since(decided) };
}

const states: Readonly<Record<string, SettledState>> = {
  ...{ s: 'succeeded', f: 'failed', c: 'cancelled' },
  ...{ S: 'succeeded', F: 'failed', C: 'cancelled' },
};

function toOutcome(end: string): Outcome | undefined {
  const state = states[end.charAt(0)];
  return state && { state, payload: end.slice(end.indexOf('\n', end.indexOf('\n') + 1) + 1) };
}
