/**
 * Random walks: thousands of small stories that nobody thought of. The same calls go to a store and to a model of it;
 * after each both must tell the same about every task. What shrinks is a list of numbers; each step takes from it what
 * it needs to choose, so a shorter list is a shorter story.
 *
 * Hints are not compared: which ready task goes first is policy within the rules that the conformance suite has.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClusterFacts } from '../../src/contract/cluster.ts';
import type { TaskEvent } from '../../src/contract/history.ts';
import { memberOf } from '../../src/contract/ids.ts';
import type { BegunMembers, NewGroup, NewRoot, SettleAnswer, Turn } from '../../src/contract/store.ts';
import type { SessionId, TaskId, TaskState } from '../../src/contract/task.ts';
import { day, failed, type Harness, leaves, partition, Rig, Run, succeeded } from './conformance/rig.ts';

const sessions = ['w1', 'w2', 'w3'] as const;
const outcomes = [succeeded(1), succeeded('two'), failed('three'), failed('four')] as const;

/** The end of a tree cancels its tasks in any order, as asyncio.run does; so then do the events come. */
const inAnyOrder = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null), (key, part: unknown) => {
    if (key === 'failed') return true;
    return key === 'events' && Array.isArray(part) ? part.map((event) => JSON.stringify(event)).sort() : part;
  });

const noTasks = { pending: 0, running: 0, suspended: 0, succeeded: 0, failed: 0, cancelled: 0 };

/** T5: what the counts say, and what the records say. */
function byState({ tasks, settled }: { tasks: ClusterFacts['tasks']; settled: Iterable<ClusterFacts['settled'][0]> }) {
  const counts = { ...noTasks, ...tasks };
  for (const entry of settled) counts[entry.state] += entry.tasks;
  return counts;
}

function countStates(states: Iterable<TaskState>) {
  const counts = { ...noTasks };
  for (const state of states) counts[state] += 1;
  return counts;
}

/** Numbers that decide; 0 when they have run out. */
class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get left(): boolean {
    return this.#next < this.#numbers.length;
  }

  below(limit: number): number {
    return (this.#numbers[this.#next++] ?? 0) % limit;
  }

  yes(): boolean {
    return this.below(2) === 1;
  }

  one<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.below(from.length)];
  }

  some<T>(from: readonly T[], most: number): T[] {
    return Array.from({ length: from.length === 0 ? 0 : this.below(most + 1) }, () => this.one(from) as T);
  }
}

/** Workers suspend nothing that waits for nothing; a walk does. */
const byTheWalk = /^it is (suspended|parked), and nothing that it waits for is open$/;

export class Walk {
  readonly #choices: Choices;
  readonly #harnesses: readonly Harness[];
  readonly #rigs: readonly Rig[];
  readonly #roots: TaskId[] = [];
  readonly tasks = new Set<TaskId>();
  readonly #groups: TaskId[] = [];
  /** Claims, the stale ones included; of each store, in the same order. */
  readonly #runs: Run[][] = [];
  /** As last seen: what has been removed is counted on. */
  readonly #states = new Map<TaskId, TaskState>();
  #op = 0;
  /** A root has ended before its tree, or may have. */
  #ended = false;
  /** The steps so far, for who has to understand a failure. */
  readonly story: string[] = [];
  #again: (() => Promise<void>) | undefined;

  constructor(numbers: readonly number[], ...harnesses: Harness[]) {
    this.#harnesses = harnesses;
    this.#choices = new Choices(numbers);
    this.#rigs = harnesses.map((harness) => new Rig(harness));
  }

  async go(): Promise<void> {
    for (const session of sessions) await this.#register(session);
    await this.#submit();
    while (this.#choices.left) {
      await this.#step();
      await this.#compare();
    }
  }

  /** Runs what is left, as workers that live would: everything ends. */
  async finish(): Promise<void> {
    for (let rounds = 0; rounds < 200; rounds++) {
      for (const session of sessions) await this.#register(session);
      for (const rig of this.#rigs) await rig.live(3_000, ...sessions);
      await this.#claim([...this.tasks], 'w1', this.tasks.size);
      for (const runs of [...this.#runs]) await this.#settle(runs, 0);
      const records = (await this.#rigs[0]?.store.records([...this.tasks])) ?? [];
      const open = records.flatMap((record) => (record === undefined || record.outcome !== undefined ? [] : [record]));
      if (open.length === 0) return;
      await this.#cancel(open.flatMap(({ id, state }) => (state === 'suspended' ? [id] : []))); // it may be parked for good
    }
    throw new Error('tasks are left that nobody ends');
  }

  // --- steps

  async #step(): Promise<void> {
    const choices = this.#choices;
    const runs = choices.one(this.#runs);
    switch (choices.below(14)) {
      case 0:
        return this.#submit();
      case 1:
      case 2:
      case 3: {
        const session = choices.one(sessions) ?? 'w1';
        if (this.#groups.length > 0 && choices.yes()) return this.#claim(this.#together(), session, 8);
        return this.#claim(choices.some([...this.tasks], 8), session, 1 + choices.below(8));
      }
      case 4:
      case 5:
      case 6:
        return runs && this.#commit(runs);
      case 7:
      case 8:
        if (runs?.[0]?.claim.member !== undefined && choices.yes()) return this.#settleTogether(runs);
        return runs && this.#settle(runs, choices.below(outcomes.length), choices.below(3) === 1);
      case 9:
        return this.#cancel(choices.some([...this.tasks], 2));
      case 10:
        return this.#time(choices.below(4) * 1_000, choices.some(sessions, 3));
      case 11:
        return this.#release(
          choices.one(sessions) ?? 'w1',
          choices.yes() ? choices.some([...this.tasks], 3) : undefined,
        );
      case 12:
        return runs && this.#park(runs);
      default:
        return this.#again?.();
    }
  }

  async #submit(): Promise<void> {
    const roots = this.#choices.yes() ? this.#bundle() : [this.#root()];
    for (const { id } of roots) {
      this.#roots.push(id);
      this.tasks.add(id);
    }
    const submit = roots.map(({ id }) => id);
    await this.#do({ submit }, async ({ store }) => (await store.submit(partition, roots)).existing);
  }

  #root(): NewRoot {
    const resultTtlMs = this.#choices.yes() ? 2_000 : day;
    return this.#rigs[0]?.newRoot({ resultTtlMs, options: this.#options() }) as NewRoot;
  }

  /** A bundle goes when all of it have ended: a model that does not know it would let each go by itself. */
  #bundle(): NewRoot[] {
    return this.#rigs[0]?.newBundle(1 + this.#choices.below(4)) ?? [];
  }

  /** No two of them, and of the timers, are over at the same millisecond: their order is free. */
  #limit(): number {
    return this.#choices.below(3) * 1_000 + 2 * this.#op++ + 1;
  }

  #options(): string {
    const [limits] = this.#choices.some(['expiresAfter', 'deadline'], 1).map((name) => ({ [name]: this.#limit() }));
    return JSON.stringify(limits ?? {});
  }

  async #claim(ids: readonly TaskId[], session: SessionId, max: number): Promise<void> {
    const nonce = `n${this.#op++}`;
    const claims = await this.#do(
      { claim: ids, session, max },
      async ({ store }) => (await store.claim(partition, session, nonce, [...new Set(ids)], max)).claims,
    );
    for (const claim of claims) this.#runs.push(this.#rigs.map(({ store }) => new Run(store, claim)));
  }

  /** Members of a gather, all of them or some that follow each other. */
  #together(): TaskId[] {
    const group = this.#choices.one(this.#groups);
    const members = [...this.tasks].filter((id) => memberOf(id)?.group === group);
    return members.slice(this.#choices.below(2));
  }

  async #commit(runs: readonly Run[]): Promise<void> {
    const choices = this.#choices;
    const [run] = runs;
    if (run === undefined) return;
    const spawns = choices.some([1], 2).map(() => run.spawn(this.#op++, { options: this.#options() }));
    const groups = choices.some([1], 1).map(() => {
      const options = { limit: choices.below(3), returnExceptions: choices.yes() };
      const group = run.group(this.#op++, leaves(choices.below(5)), options);
      return choices.yes() ? { ...group, begun: this.#begun(run, group.members.length) } : group;
    });
    const staged = groups.filter(({ begun }) => begun === undefined && choices.yes());
    for (const { id, members } of staged)
      await this.#do({ stage: id }, ({ store }) => store.stage(partition, id, run.claim.token, 0, members));
    const events: TaskEvent[] = choices
      .some([1], 1)
      .map(() => ({ kind: 'step', op: this.#op++, outcome: succeeded() }));
    for (const { op, begun, members } of groups)
      if (begun !== undefined && begun.results.length === members.length)
        events.push({ kind: 'group', op, failed: undefined });
    const early = choices.yes() ? events.length : 0;
    const fields: Partial<Turn> = {
      history: `turn ${this.#op}`,
      spawns,
      groups: groups.map((group) =>
        staged.includes(group) ? { ...group, staged: group.members.length, members: [] } : group,
      ),
      timers: choices.some([this.#op++], 1).map((op) => ({ op, ms: choices.below(3) * 1_000 + 2 * op })),
      ...{ events, early },
      cancels: choices.some([...this.tasks], 2).map((id) => ({ id, message: undefined })),
      cancelGroups: choices.some(this.#groups, 1).map((id) => ({ id, message: 'g' })),
      logs: choices.some(['1', '"two"'], 1),
      suspended: choices.yes(),
    };
    const turns = runs.map((each) => each.turn(fields));
    const answers = await this.#do({ commit: turns[0] }, async ({ store }, i) => {
      const { answers: told } = await store.commit(partition, [turns[i] as Turn]);
      return told[0];
    });
    if (answers?.kind !== 'committed') return;
    for (const each of runs) each.known += early + answers.events.length;
    for (const { id } of spawns) this.tasks.add(id);
    for (const { id, op, members, begun } of groups) {
      this.#groups.push(id);
      for (const index of members.keys()) this.tasks.add(`${id}.${index}`);
      if (begun === undefined) continue;
      const from = begun.results.length;
      for (let index = from; index < from + begun.running; index++)
        this.#runs.push(runs.map((each) => each.begun(op, index, begun.token)));
    }
  }

  /** Some of the first members; undefined for none. */
  #begun({ claim }: Run, size: number): BegunMembers | undefined {
    const ended = this.#choices.below(size + 1);
    const running = this.#choices.below(size - ended + 1);
    const session = /:(.*):/.exec(claim.token)?.[1];
    const results = Array.from({ length: ended }, (_, index) => JSON.stringify(index));
    return ended + running === 0 ? undefined : { token: `1:${session}:b${this.#op++}`, results, running };
  }

  /** What a member of a gather may end with: all members of one of its own. */
  #gathered(run: Run | undefined): NewGroup | undefined {
    if (run?.claim.member === undefined || run.claim.parent === undefined) return undefined;
    const session = /:(.*):/.exec(run.claim.token)?.[1];
    const group = run.group(this.#op++, leaves(1 + this.#choices.below(3)));
    const results = group.members.map((_, index) => JSON.stringify(index));
    return { ...group, begun: { token: `1:${session}:b${this.#op++}`, results, running: 0 } };
  }

  async #exists(id: TaskId): Promise<boolean> {
    const [record] = (await this.#rigs[0]?.store.records([id])) ?? [];
    return record !== undefined;
  }

  async #settle(runs: readonly Run[], outcome: number, retried = false): Promise<void> {
    const retry = retried ? { ms: this.#choices.below(3) * 1_000, firstOp: this.#op } : undefined;
    const gathered = retry === undefined && this.#choices.yes() ? this.#gathered(runs[0]) : undefined;
    // Which ready task comes next is policy, too: only a store that is alone is asked for it.
    const alone = this.#rigs.length === 1 && this.#choices.yes();
    const next = alone
      ? { lane: 'settle', session: 'w1', nonce: `n${this.#op++}`, max: 1 + this.#choices.below(4) }
      : undefined;
    const kind = await this.#do(
      { settle: runs[0]?.id, outcome, retry, gathered, next },
      async ({ store }, i): Promise<SettleAnswer | undefined> => {
        const settlement = (runs[i] as Run).settlement(outcomes[outcome], { retry, gathered });
        const settled = await store.settle(partition, [settlement], next);
        const known = new Set(this.#runs.map(([run]) => `${run?.id} ${run?.claim.token}`));
        for (const claim of settled.claims)
          if (!known.has(`${claim.id} ${claim.token}`)) this.#runs.push([new Run(store, claim)]);
        return settled.answers[0];
      },
    );
    if (kind?.kind === 'settled' && gathered !== undefined && (await this.#exists(`${gathered.id}.0`))) {
      this.#groups.push(gathered.id);
      for (const index of gathered.members.keys()) this.tasks.add(`${gathered.id}.${index}`);
    }
    if (kind?.kind === 'retrying') this.#ended = true; // a cancel ends a root that waits for its next attempt, and its tree
    await this.#endTree(kind, runs[0]?.id);
  }

  async #endTree(answer: SettleAnswer | undefined, root: TaskId = ''): Promise<void> {
    if (answer?.kind !== 'ending') return;
    this.#ended = true;
    for (const rig of this.#rigs) await rig.cancelTree(root);
  }

  /** Members of a claim and gather end well in one call, or all but the last. */
  async #settleTogether([run]: readonly Run[]): Promise<void> {
    const isSame = ({ claim }: Run): boolean =>
      claim.token === run?.claim.token && claim.member?.group === run.claim.member?.group;
    const all = this.#runs.filter(([each]) => each !== undefined && isSame(each));
    all.sort(([a], [b]) => Number(a?.claim.member?.index) - Number(b?.claim.member?.index));
    const some = all.slice(0, all.length - this.#choices.below(2));
    const answers = await this.#do({ settle: some.map(([each]) => each?.id) }, async ({ store }, i) => {
      const settlements = some.map((runs, n) => (runs[i] as Run).settlement(succeeded(n)));
      return (await store.settle(partition, settlements)).answers;
    });
    for (const [n, answer] of answers.entries()) await this.#endTree(answer, some[n]?.[0]?.id);
  }

  async #cancel(ids: readonly TaskId[]): Promise<void> {
    const targets = ids.map((id) => ({
      id, // each a message of its own: whether an equal one is still on its way depends on the order of events
      message: `m${this.#op++}`,
    }));
    await this.#do({ cancel: targets }, async ({ store }) => (await store.cancel(partition, targets)).answers);
  }

  async #time(ms: number, alive: readonly SessionId[]): Promise<void> {
    for (const rig of this.#rigs) await rig.advance(ms);
    await this.#do({ beat: alive }, (rig) => rig.beat(...alive));
    await this.#do({ sweep: ms }, async (rig) => (await rig.sweep()).expired);
    for (const session of sessions) await this.#register(session);
  }

  async #release(session: SessionId, ids: readonly TaskId[] | undefined): Promise<void> {
    await this.#do({ release: ids, session }, async ({ store }) => {
      await store.release(partition, session, ids === undefined || ids.length > 0 ? ids : ['none']);
    });
    await this.#register(session);
  }

  async #park(runs: readonly Run[]): Promise<void> {
    const known = Math.max(0, (runs[0]?.known ?? 0) - this.#choices.below(2));
    const wakeMs = this.#choices.yes() ? this.#limit() : undefined;
    await this.#do({ park: runs[0]?.id, known, wakeMs }, async ({ store }, i) => {
      const { id, claim } = runs[i] as Run;
      return await store.park(partition, [{ id, token: claim.token, known, wakeMs }]);
    });
  }

  async #register(session: SessionId): Promise<void> {
    for (const rig of this.#rigs) {
      const [lives] = await rig.beat(session);
      if (!lives) await rig.worker(session, { slots: 1_000 });
    }
  }

  // --- what must be the same

  /** Makes the same call of all; the next step may send it again. */
  async #do<T>(what: unknown, call: (rig: Rig, index: number) => Promise<T>): Promise<T> {
    const same = async (): Promise<T> => {
      const [first, ...others] = await Promise.all(this.#rigs.map(call));
      this.story.push(`${JSON.stringify(what)} -> ${JSON.stringify(first)}`);
      for (const other of others)
        if (this.#ended) expect(inAnyOrder(other)).toEqual(inAnyOrder(first));
        else expect(other).toEqual(first);
      return first as T;
    };
    this.#again = async () => {
      await same();
    };
    return same();
  }

  async #compare(): Promise<void> {
    const [first, ...others] = await Promise.all(this.#rigs.map((rig) => this.#seen(rig)));
    for (const other of others) expect(other).toEqual(first);
    for (const record of first?.records ?? []) if (record !== undefined) this.#states.set(record.id, record.state);
    if (first !== undefined) expect(byState(first.facts)).toEqual(countStates(this.#states.values()));
    for (const record of first?.records ?? []) {
      const { total, pending, running, ...ended } = record?.children ?? { total: 0, pending: 0, running: 0 };
      expect(Math.min(pending, running)).toBeGreaterThanOrEqual(0);
      expect(Object.values(ended).reduce((sum, count) => sum + count, pending + running)).toBe(total);
    }
    for (const harness of this.#harnesses) {
      const violations = (await harness.violations?.()) ?? [];
      expect(violations.filter(({ reason }) => !byTheWalk.test(reason))).toEqual([]);
    }
  }

  async #seen({ store }: Rig) {
    const ids = [...this.tasks];
    const { tasks, settled, created, recovered, openGathers, trees, queued, oldestPendingMs } = await store.cluster();
    return {
      facts: { tasks, settled: new Set(settled), created, recovered, openGathers, trees, queued, oldestPendingMs },
      records: (await store.records(ids)).map((record) =>
        record?.outcome === undefined ? record : { ...record, cancelRequested: false },
      ),
      members: await Promise.all(
        this.#groups.map(async (group) => (await store.members(partition, group, 0, 10)).outcomes),
      ),
      // by id: the order among tasks of different parents is free
      logs: await Promise.all(
        this.#roots.map(async (root) => new Map((await store.logs(root)).map(({ task, entries }) => [task, entries]))),
      ),
      children: await Promise.all(ids.map((id) => store.children(id, 0, 100))),
    };
  }
}

const stories = fc.array(fc.nat({ max: 1_000 }), { minLength: 20, maxLength: 400, size: 'max' });

/**
 * Holds a store against a model; with no model it must keep its counts and bring every task to an end. The same `seed`
 * tells the same stories; give another one to look for more.
 */
export function storeWalks(
  name: string,
  { runs, seed = 1 }: { runs: number; seed?: number },
  ...makeStores: (() => Promise<Harness>)[]
): void {
  test(`${name} in ${runs} random stories`, async () => {
    const story = fc.asyncProperty(stories, async (numbers) => {
      const harnesses = await Promise.all(makeStores.map((make) => make()));
      const walk = new Walk(numbers, ...harnesses);
      try {
        await walk.go();
        await walk.finish();
      } catch (error) {
        throw new Error(`the story:\n${walk.story.join('\n')}`, { cause: error });
      } finally {
        for (const harness of harnesses) await harness.close();
      }
    });
    // Shrinking takes minutes, and looks like a hang: whoever wants a shorter story takes `endOnFailure` away.
    await fc.assert(story, { numRuns: runs, seed, interruptAfterTimeLimit: 60_000, endOnFailure: true });
  }, 120_000);
}
