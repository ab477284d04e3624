/** Drives a store through its port the way workers and clients do, with as few words as possible. */
import { randomBytes } from 'node:crypto';
import type { Hint } from '../../../src/contract/dispatch.ts';
import type { TaskEvent } from '../../../src/contract/history.ts';
import { bundledIds, childId, memberId, newRootId, partitionOf } from '../../../src/contract/ids.ts';
import type { Outcome } from '../../../src/contract/outcome.ts';
import type {
  Claim,
  GroupMember,
  NewGroup,
  NewRoot,
  SettleAnswer,
  Settlement,
  Spawn,
  Store,
  SweepAnswer,
  Token,
  Turn,
  TurnAnswer,
} from '../../../src/contract/store.ts';
import type { SessionId, TaskId } from '../../../src/contract/task.ts';
import type { TaskRecord, Views } from '../../../src/contract/views.ts';

export interface Harness {
  /** What the auditor finds, where there is one. */
  violations?(): Promise<readonly { reason: string }[]>;
  store: Store & Views;
  /** Each root is a bundle of its own. */
  bundled?: boolean;
  /** Lets this much of the store's time pass; returns when it has. */
  advance(ms: number): Promise<void>;
  /** Names of all that is kept for tasks, in the words of this store. */
  kept(): Promise<string[]>;
  close(): Promise<void>;
}

export const partition = 0;
export const hintTtlMs = 2_000;
export const day = 24 * 3_600_000;

export const succeeded = (value: unknown = null): Outcome => ({ state: 'succeeded', payload: JSON.stringify(value) });
export const failed = (message = 'no'): Outcome => ({
  state: 'failed',
  payload: JSON.stringify({ type: 'Error', message }),
});
export const cancelled = (message = ''): Outcome => ({
  state: 'cancelled',
  payload: JSON.stringify({ type: 'CancelledError', message }),
});

export const leaf: GroupMember = { coroutine: 'leaf', args: '{}', options: '{}' };
export const leaves = (count: number): GroupMember[] =>
  Array.from({ length: count }, (_, i) => ({ ...leaf, args: JSON.stringify({ i }) }));

export const ids = (hints: readonly { id: TaskId }[]): TaskId[] => hints.map(({ id }) => id);

/** One claimed task, as its worker sees it: counts its own turns and the events that it has got. */
export class Run {
  readonly claim: Claim;
  readonly #store: Store;
  #seq: number;
  #acknowledged: number;
  known: number;
  hints: Hint[] = [];

  constructor(store: Store, claim: Claim) {
    this.#store = store;
    this.claim = claim;
    this.#seq = claim.commits;
    this.#acknowledged = claim.commits;
    this.known = claim.events.length;
  }

  get id(): TaskId {
    return this.claim.id;
  }

  child(op: number): TaskId {
    return childId(this.id, op);
  }

  member(op: number, index: number): TaskId {
    return memberId(this.child(op), index);
  }

  spawn(op: number, work: Partial<GroupMember> = {}): Spawn {
    return { ...leaf, ...work, id: this.child(op), op };
  }

  group(op: number, members: readonly GroupMember[], options: Partial<NewGroup> = {}): NewGroup {
    return { id: this.child(op), op, members, returnExceptions: false, limit: 0, ...options };
  }

  /** The run of a member that has begun with the group. */
  begun(op: number, index: number, token: Token): Run {
    return new Run(this.#store, {
      ...this.claim,
      ...{ id: this.member(op, index), token, member: { group: this.child(op), index: String(index) } },
      ...{ commits: 0, events: [], history: [] },
    });
  }

  /** The next turn. */
  turn(fields: Partial<Turn> = {}): Turn {
    return {
      id: this.id,
      token: this.claim.token,
      seq: ++this.#seq,
      known: this.known,
      history: undefined,
      spawns: [],
      groups: [],
      timers: [],
      clearTimers: [],
      events: [],
      cancels: [],
      cancelGroups: [],
      subscriptions: [],
      logs: [],
      progress: undefined,
      suspended: true,
      ...fields,
    };
  }

  /** Commits the next turn; the events that came back, or 'fenced'. */
  async commit(fields: Partial<Turn> = {}): Promise<TaskEvent[] | 'fenced'> {
    const turn = this.turn(fields);
    const { answers, hints } = await this.#store.commit(partition, [turn]);
    this.hints = hints;
    if (answers[0]?.kind === 'committed') this.#acknowledged = turn.seq;
    return this.#take(answers[0]);
  }

  async receive(): Promise<TaskEvent[] | 'fenced'> {
    const { id, known } = this;
    const asked = { id, token: this.claim.token, known, commits: this.#acknowledged };
    const [answer] = await this.#store.receive(partition, [asked]);
    return this.#take(answer);
  }

  settlement(outcome: Outcome = succeeded(), fields: Partial<Settlement> = {}): Settlement {
    return {
      id: this.id,
      token: this.claim.token,
      outcome,
      retry: undefined,
      logs: [],
      progress: undefined,
      ...fields,
    };
  }

  async settle(outcome?: Outcome, fields?: Partial<Settlement>): Promise<SettleAnswer['kind'] | undefined> {
    const { answers, hints } = await this.#store.settle(partition, [this.settlement(outcome, fields)]);
    this.hints = hints;
    return answers[0]?.kind;
  }

  #take(answer: TurnAnswer | undefined): TaskEvent[] | 'fenced' {
    if (answer?.kind !== 'committed') return 'fenced';
    this.known += answer.events.length;
    return answer.events;
  }
}

export class Rig {
  readonly store: Store & Views;
  readonly advance: (ms: number) => Promise<void>;
  readonly kept: () => Promise<string[]>;
  readonly #bundled: boolean;
  #nonces = 0;

  constructor({ store, bundled = false, advance, kept }: Harness) {
    this.#bundled = bundled;
    this.store = store;
    this.advance = advance;
    this.kept = kept;
  }

  /** A root of the partition that the suite works in. */
  newRoot(fields: Partial<NewRoot> = {}): NewRoot {
    for (let tries = 0; tries < 10_000; tries++) {
      const [id = ''] = this.#bundled
        ? bundledIds(Date.now(), randomBytes(16), 1)
        : [newRootId(Date.now(), randomBytes(16))];
      if (partitionOf(id, this.store.partitions) === partition)
        return { id, coroutine: 'main', args: '{}', options: '{}', resultTtlMs: day, ...fields };
    }
    throw new Error(`no id of partition ${partition} in 10,000 tries`);
  }

  /** Roots that come together; only where there is one partition. */
  newBundle(size: number, fields: Partial<NewRoot> = {}): NewRoot[] {
    return bundledIds(Date.now(), randomBytes(16), size).map((id) => ({ ...this.newRoot(fields), id }));
  }

  async submit(fields: Partial<NewRoot> = {}): Promise<TaskId> {
    const root = this.newRoot(fields);
    await this.store.submit(partition, [root]);
    return root.id;
  }

  async worker(id: SessionId = 'w1', { slots = 100, coroutines = ['main', 'leaf'] } = {}): Promise<SessionId> {
    await this.store.register({
      id,
      host: 'host',
      pid: 7,
      version: '1.2.3',
      slots,
      coroutines: coroutines.map((name) => ({ name, version: 'v1' })),
    });
    return id;
  }

  nonce(): string {
    return `n${++this.#nonces}`;
  }

  async claim(tasks: readonly TaskId[], session: SessionId = 'w1', max = tasks.length): Promise<Run[]> {
    const { claims } = await this.store.claim(partition, session, this.nonce(), tasks, max);
    return claims.map((claim) => new Run(this.store, claim));
  }

  async claimOne(task: TaskId, session?: SessionId): Promise<Run> {
    const [run] = await this.claim([task], session);
    if (run === undefined) throw new Error(`${task} was not claimed`);
    return run;
  }

  /** A root that runs on `session`. */
  async started(fields: Partial<NewRoot> = {}, session?: SessionId): Promise<Run> {
    return this.claimOne(await this.submit(fields), session);
  }

  async sweep(ttlMs: number = hintTtlMs): Promise<SweepAnswer> {
    return this.store.sweep(partition, ttlMs);
  }

  /** Claims and settles what is hinted, `batch` tasks at a time, until `count` have run or no more come; in that order. */
  async runHinted(first: readonly Hint[], { batch = 100, count = 10_000 } = {}): Promise<TaskId[]> {
    const waiting = ids(first);
    const order: TaskId[] = [];
    while (order.length < count && waiting.length > 0) {
      const next = waiting.splice(0, batch);
      const { claims, hints } = await this.store.claim(partition, 'w1', this.nonce(), next, next.length);
      const settlements = claims.map((claim) => new Run(this.store, claim).settlement());
      const settled = await this.store.settle(partition, settlements);
      order.push(...ids(claims));
      waiting.push(...ids(hints), ...ids(settled.hints));
    }
    return order;
  }

  /** Lets time pass in steps of a second, with a sweep after each and the beats of those who live. */
  async live(ms: number, ...alive: SessionId[]): Promise<SweepAnswer[]> {
    const answers = [await this.sweep()];
    for (let passed = 0; passed < ms; passed += 1_000) {
      await this.advance(1_000);
      await this.beat(...alive);
      answers.push(await this.sweep());
    }
    return answers;
  }

  /** Cancelled tasks that were handed out and have not started have had their moment. */
  async grace(): Promise<void> {
    await this.advance(600);
    await this.beat('w1');
    for (let sweeps = 0; sweeps < 20; sweeps++) if (!(await this.sweep()).more) return;
  }

  /** Whether each of the sessions is still known. */
  async beat(...sessions: SessionId[]): Promise<boolean[]> {
    const answers: boolean[] = [];
    for (const session of sessions)
      answers.push(await this.store.beat({ session, running: 0, suspended: 0, draining: false, stuck: false }));
    return answers;
  }

  async record(id: TaskId): Promise<TaskRecord> {
    const [record] = await this.store.records([id]);
    if (record === undefined) throw new Error(`${id} is unknown`);
    return record;
  }

  async cancel(id: TaskId, message?: string) {
    const { answers } = await this.store.cancel(partition, [{ id, message }]);
    return answers[0];
  }

  /** Calls cancelTree page by page, as whoever ends a tree does. */
  async cancelTree(root: TaskId): Promise<number> {
    let pages = 0;
    for (let after: string | undefined = ''; after !== undefined && pages < 100; pages++)
      after = (await this.store.cancelTree(partition, root, after)).next;
    return pages;
  }
}
