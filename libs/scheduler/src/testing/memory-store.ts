/**
 * The port Store in memory: each method decides synchronously, at one instant of the clock, and answers later. It keeps
 * the invariants of contract/store.ts and is held to them by the same conformance suite as the store on Redis.
 */
import type { Clock } from '../contract/clock.ts';
import type { Hint } from '../contract/dispatch.ts';
import { partitionOf } from '../contract/ids.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { GroupMembers, Outcome } from '../contract/outcome.ts';
import type {
  Beat,
  Cancel,
  GroupMember,
  Letter,
  Listener,
  NewRoot,
  Next,
  ParkAnswer,
  ParkRequest,
  ReceiveRequest,
  SessionInfo,
  Settlement,
  Store,
  SweepAnswer,
  Token,
  Turn,
  TurnAnswer,
} from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import { cancelChildrenPage, cancelTask, cancelTreePage } from './cancel.ts';
import { claimNext, claimTasks } from './claim.ts';
import { sendDirect } from './direct.ts';
import { type Around, MemoryViews } from './memory-views.ts';
import { News } from './news.ts';
import { Partition } from './partition.ts';
import { kept } from './retention.ts';
import { submitRoot } from './submit.ts';
import { sweepPartition } from './sweep.ts';
import { commitTurns, settleTask, takeLetter } from './turns.ts';

export interface MemoryStoreOptions {
  clock: Clock;
  partitions?: number;
  around?: Around;
  /** Delivers news: a test may lose, double or delay them. */
  carry?: (deliver: () => void) => void;
}

export class MemoryStore extends MemoryViews implements Store {
  readonly partitions: number;
  readonly #news: News;

  constructor({
    clock,
    partitions = 1,
    around = async (_, call) => call(),
    carry = queueMicrotask,
  }: MemoryStoreOptions) {
    const news = new News(carry);
    super(
      Array.from({ length: partitions }, (_, own) => {
        const abroad = (id: TaskId): number | undefined => {
          const partition = partitionOf(id, partitions);
          return partition === own ? undefined : partition;
        };
        return new Partition(() => clock.now(), news, abroad);
      }),
      around,
    );
    this.partitions = partitions;
    this.#news = news;
  }

  submit(partition: number, roots: readonly NewRoot[]) {
    return this.#call('submit', partition, (part) => {
      const existing = roots.map((root) => submitRoot(part, root));
      const hints = sendDirect(part, this.#news, partition, part.take(), this.partitions === 1);
      return { existing, createdAt: part.now(), hints };
    });
  }

  claim(partition: number, session: SessionId, nonce: string, ids: readonly TaskId[], max: number) {
    return this.#hinting('claim', partition, (part) => ({ claims: claimTasks(part, session, nonce, ids, max) }));
  }

  stage(
    partition: number,
    group: TaskId,
    token: Token,
    from: number,
    members: readonly GroupMember[],
  ): Promise<boolean> {
    return this.#call('stage', partition, (part) => part.table.stage(group, token, from, members));
  }

  /** All news goes through `listen`. */
  commit(partition: number, turns: readonly Turn[], next?: Next) {
    return this.#mailing('commit', partition, (part) => ({
      answers: commitTurns(part, turns),
      claims: next === undefined ? [] : claimNext(part, next),
      slots: part.sessions.slots(),
      news: [],
    }));
  }

  settle(partition: number, settlements: readonly Settlement[], next?: Next) {
    return this.#mailing('settle', partition, (part) => ({
      answers: settlements.map((settlement) => settleTask(part, settlement)),
      claims: next === undefined ? [] : claimNext(part, next),
      news: [],
    }));
  }

  outbox(partition: number, to: number, taken: number): Promise<Letter[]> {
    return this.#call('outbox', partition, (part) => part.mail.read(to, taken));
  }

  deliver(partition: number, from: number, letters: readonly Letter[]) {
    return this.#mailing('deliver', partition, (part) => {
      for (const letter of part.mail.take(from, letters)) takeLetter(part, from, letter);
      return {};
    });
  }

  cancel(partition: number, targets: readonly Cancel[]) {
    return this.#hinting('cancel', partition, (part) => ({
      answers: targets.map((cancel) => cancelTask(part, cancel)),
    }));
  }

  cancelChildren(partition: number, parent: Cancel, after: string) {
    return this.#hinting('cancelChildren', partition, (part) => {
      const task = part.table.get(parent.id);
      return task === undefined ? { parents: [], next: undefined } : cancelChildrenPage(part, task, parent, after);
    });
  }

  receive(partition: number, tasks: readonly ReceiveRequest[]): Promise<TurnAnswer[]> {
    return this.#call('receive', partition, (part) =>
      tasks.map(({ id, token, known, commits }) => {
        const task = part.claimed(id, token);
        if (task === undefined) return { kind: 'fenced' };
        if (commits > task.commits || known > task.inbox.length) return { kind: 'behind' };
        return { kind: 'committed', events: task.inbox.slice(known) };
      }),
    );
  }

  park(partition: number, tasks: readonly ParkRequest[]): Promise<ParkAnswer[]> {
    return this.#call('park', partition, (part) => tasks.map((task) => part.park(task)));
  }

  members(partition: number, group: TaskId, from: number, count: number): Promise<GroupMembers> {
    return this.#call('members', partition, (part) => {
      const known = part.table.group(group);
      const last = Math.min(from + count, known?.members.length ?? 0);
      const outcomes: (Outcome | undefined)[] = [];
      for (let index = from, bytes = 0; index < last && bytes <= bytesPerCall; index++) {
        const outcome = known?.tasks[index]?.outcome;
        outcomes.push(outcome);
        bytes += Buffer.byteLength(outcome?.payload ?? '');
      }
      const since = (at: number | undefined): number => (at === undefined ? 0 : part.now() - at);
      return {
        outcomes,
        size: known?.members.length ?? 0,
        openMs: since(known?.createdAt),
        decidedMs: since(known?.decidedAt),
      };
    });
  }

  cancelTree(partition: number, root: TaskId, after: string) {
    return this.#hinting('cancelTree', partition, (part) => {
      const task = part.table.get(root);
      return { next: task === undefined ? undefined : cancelTreePage(part, task, after) };
    });
  }

  async register(session: SessionInfo): Promise<void> {
    await this.around('register', () => {
      for (const part of this.parts) {
        part.sessions.register(session, part.now());
        part.queue.unstrand(part.serves);
      }
    });
  }

  beat(beat: Beat): Promise<boolean> {
    return this.around('beat', () => {
      const alive = this.parts.every((part) => part.sessions.beat(beat, part.now()));
      for (const part of this.parts) part.queue.unstrand(part.serves);
      return alive;
    });
  }

  held(partition: number, session: SessionId, known: number): Promise<TaskId[]> {
    return this.#call('held', partition, (part) => {
      const claimed = [...(part.sessions.get(session)?.claimed ?? [])];
      return claimed.length > known ? claimed.map(({ id }) => id) : [];
    });
  }

  release(partition: number, session: SessionId, ids?: readonly TaskId[]) {
    return this.#hinting('release', partition, (part) => {
      const known = part.sessions.get(session);
      if (known === undefined) return {};
      for (const task of [...known.claimed]) {
        if (ids !== undefined && !ids.includes(task.id)) continue;
        task.attempt--;
        part.revive(task);
      }
      if (ids === undefined) part.sessions.end(known);
      return {};
    });
  }

  sweep(partition: number, ttlMs: number): Promise<SweepAnswer> {
    return this.#hinting('sweep', partition, (part) => sweepPartition(part, ttlMs));
  }

  listen(session: SessionId | undefined, listener: Listener) {
    return this.around('listen', () => this.#news.listen(session, listener));
  }

  /** Names of all that is kept for tasks: for tests that look for leaks. */
  kept(): string[] {
    return this.parts.flatMap(kept);
  }

  async close(): Promise<void> {}

  #call<T>(method: string, partition: number, change: (part: Partition) => T): Promise<T> {
    return this.around(method, () => {
      const part = this.parts[partition];
      if (part === undefined) throw new RangeError(`partition ${partition} of ${this.partitions}`);
      const answer = change(part);
      this.#news.flush();
      return answer;
    });
  }

  /** A call that may have written letters. */
  #mailing<T extends object>(method: string, partition: number, change: (part: Partition) => T) {
    return this.#hinting(method, partition, (part) => {
      const answer = change(part);
      return { ...answer, mail: part.mail.fresh() };
    });
  }

  /** A call that may have made tasks ready: takes hints at its end. */
  #hinting<T extends object>(
    method: string,
    partition: number,
    change: (part: Partition) => T,
  ): Promise<T & { hints: Hint[] }> {
    return this.#call(method, partition, (part) => {
      const answer = change(part);
      return { ...answer, hints: part.take() };
    });
  }
}
