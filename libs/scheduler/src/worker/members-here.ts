/**
 * Members of a small gather that begin where they were asked for, before the store knows of them (adr/0019).
 *
 * Owns: which begin, and what the turn that asks for the gather tells of them. Does not own: who may do so (turns.ts, U2), how a
 * member runs (run.ts).
 *
 * H1. One begins after the other, in the slot of its parent, which waits for them. The first that has more to do than to go through
 *     once keeps that slot and is the last: what computes or waits for long is work for all.
 * H2. The store hears nothing of a member before it has the parent's turn.
 */
import { memberId } from '../contract/ids.ts';
import type { GroupMembers } from '../contract/outcome.ts';
import type { AskedGroup, Claim, GroupMember, NewGroup, SettleAnswer, Settlement, Token } from '../contract/store.ts';
import type { Birth } from './birth.ts';
import type { TaskRun } from './run.ts';
import type { RunHost } from './run-host.ts';

/** More are work for the whole cluster. */
const most = 32;
const mostBytes = 65_536;
/** So are those that compute: for so long in all until their first wait, or so long with all that runs here besides. */
const mostComputingMs = 5;
const mostMs = 50;

/** Results and nothing else go with the parent's turn. */
const isPlain = ({ outcome, logs, progress, gathered }: Settlement): boolean =>
  outcome.state === 'succeeded' && logs.length === 0 && progress === undefined && gathered === undefined;

/** None if they are too many, or large. */
function smallMembers(all: Iterable<GroupMember>): GroupMember[] {
  const members: GroupMember[] = [];
  let bytes = 0;
  for (const member of all) {
    bytes += member.args.length;
    if (members.length === most || bytes > mostBytes) return [];
    members.push(member);
  }
  return members;
}

export class MembersHere {
  readonly #parent: Claim;
  readonly #group: AskedGroup;
  readonly #host: RunHost;
  readonly #members: readonly GroupMember[];
  readonly #token: Token;
  /** By the clock's `monotonic`. */
  readonly #beganAt: number;
  readonly #results: string[] = [];
  #bytes = 0;
  #computingMs = 0;
  /** All have ended. */
  #complete = false;
  #keepsSlot = false;
  /** Has not ended. */
  #last: TaskRun | undefined;
  #isKnown = false;
  readonly #known = Promise.withResolvers<boolean>();

  constructor(parent: Claim, group: AskedGroup, host: RunHost) {
    this.#parent = parent;
    this.#group = group;
    this.#host = host;
    this.#token = host.newToken();
    this.#beganAt = host.clock.monotonic();
    this.#members = smallMembers(group.members);
  }

  /** How all have ended; undefined when they have not. */
  get told(): GroupMembers | undefined {
    if (!this.#complete) return undefined;
    const outcomes = this.#results.map((payload) => ({ state: 'succeeded' as const, payload }));
    return { outcomes, size: outcomes.length, openMs: this.#ms, decidedMs: 0 };
  }

  /** The gather, for the outcome of its parent to take along; undefined when its members have not all ended. */
  get whole(): NewGroup | undefined {
    return this.#complete ? { ...this.#group, members: this.#members } : undefined;
  }

  /** A member that still runs has the slot of its parent. */
  get keepsSlot(): boolean {
    return this.#keepsSlot;
  }

  get #isLittle(): boolean {
    return this.#computingMs <= mostComputingMs && this.#ms <= mostMs && this.#bytes <= mostBytes;
  }

  get #ms(): number {
    return this.#host.clock.monotonic() - this.#beganAt;
  }

  /** `storeNow`: the time of the store, about. `mayGoOn`: the parent still waits for nothing else. */
  async begin(storeNow: number, mayGoOn: () => boolean): Promise<void> {
    const members = this.#members;
    const results = this.#results;
    while (results.length < members.length && this.#isLittle && mayGoOn()) {
      const index = results.length;
      this.#last = await this.#beginOne(index, members[index] as GroupMember, storeNow);
      if (results.length === index) break;
    }
    this.#keepsSlot = this.#last?.running ?? false;
    const running = this.#last === undefined ? 0 : 1;
    if (results.length + running > 0) this.#group.begun = { token: this.#token, results, running };
    this.#complete = members.length > 0 && results.length === members.length;
  }

  /** The turn has been recorded, or never will be. */
  decided(isKnown: boolean): void {
    this.#isKnown = isKnown;
    this.#known.resolve(isKnown);
    if (!isKnown) this.#last?.fence(`task ${this.#last.claim.id}: the store will not know of it`);
  }

  /** Its run if it has not ended; undefined when it has, or could not begin. */
  async #beginOne(index: number, member: GroupMember, storeNow: number): Promise<TaskRun | undefined> {
    const { clock } = this.#host;
    let hasEnded = false;
    let isLast = false;
    const birth: Birth = {
      known: this.#known.promise,
      lendsSlot: () => !isLast,
      isKnown: () => this.#isKnown,
      ends: (settlement) => {
        if (isLast || !isPlain(settlement)) return undefined;
        hasEnded = true;
        this.#results.push(settlement.outcome.payload);
        this.#bytes += settlement.outcome.payload.length;
        return this.#answer();
      },
    };
    const beganAt = clock.monotonic();
    const run = this.#host.beginMember(this.#claimOf(index, member, storeNow), birth);
    this.#computingMs += clock.monotonic() - beganAt;
    if (run === undefined) return undefined;
    await clock.drain(); // the coroutine, until it waits
    if (!hasEnded) await clock.drain(); // its end
    if (hasEnded) return undefined;
    isLast = true;
    return run;
  }

  async #answer(): Promise<SettleAnswer> {
    return { kind: (await this.#known.promise) ? 'settled' : 'fenced' };
  }

  #claimOf(index: number, work: GroupMember, at: number): Claim {
    const group = this.#group.id;
    return {
      ...{ id: memberId(group, index), member: { group, index: String(index) }, token: this.#token },
      ...work,
      ...{ attempt: 1, parent: this.#parent.id, createdAt: at, startedAt: at, begunAt: at, claimedAt: at },
      ...{ history: [], events: [], commits: 0, logged: 0, failures: 0, firstOp: 0 },
    };
  }
}
