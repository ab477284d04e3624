/**
 * The port Store over Redis: one Lua script for each method. This file only writes arguments and reads answers; what is
 * true and when is said by the scripts (lua/*.lua), which keep the invariants of contract/store.ts.
 */
import { randomBytes } from 'node:crypto';
import type { Hint } from '../contract/dispatch.ts';
import { CorralInternalError, StoreUnavailableError } from '../contract/exceptions.ts';
import { partitionOf } from '../contract/ids.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { GroupMembers } from '../contract/outcome.ts';
import {
  type Beat,
  type Cancel,
  type CancelAnswer,
  type Claim,
  type GroupMember,
  isGathering,
  isGrowing,
  type Letter,
  type Listener,
  type NewRoot,
  type News,
  type Next,
  type ParkAnswer,
  type ParkRequest,
  type ReceiveRequest,
  type SessionInfo,
  type SettleAnswer,
  type Settlement,
  type Store,
  type SweepAnswer,
  type Token,
  type Turn,
  type TurnAnswer,
} from '../contract/store.ts';
import type { SessionId, TaskId } from '../contract/task.ts';
import { type FlatNews, toAnswer, toNews } from './answers.ts';
import { inOrder, toClaims, type WireClaim, type WireFirstRuns, type WireMembers } from './claims.ts';
import { MemberReads } from './member-reads.ts';
import { hearMessage, toHints } from './messages.ts';
import type { RedisConnection } from './redis-connection.ts';
import { redisError } from './redis-error.ts';
import { cancelRow, idRows, memberRow, nextRow, type Row, rootRows, settlementRows, shareOf, turnRow } from './rows.ts';

const settled: SettleAnswer = { kind: 'settled' };

/** One script call handles about so many items: 1,000 hold Redis for about 10 ms, 100,000 for 0.8 s (reliability H13). */
const largestCall = 1000;

export class RedisStore implements Store {
  readonly partitions: number;
  readonly #connection: RedisConnection;
  readonly #members: MemberReads;
  /** Where a client hears of the ends of its own roots. */
  readonly #client = `@${randomBytes(6).toString('base64url')}`;
  /** The same; empty while nobody listens. */
  #hears = '';

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#members = new MemberReads((partition, row, items) =>
      this.#run('members', partition, row, { news: false, items }),
    );
    this.partitions = connection.partitions;
  }

  async submit(partition: number, roots: readonly NewRoot[]) {
    const { row, order } = rootRows(roots);
    const alone = this.partitions === 1 ? 1 : 0;
    const answer = await this.#run('submit', partition, [this.#hears, alone, ...row], { items: roots.length });
    const [answers, createdAt, hints] = answer as [string[], number, string[]];
    const existing: (TaskId | undefined)[] = Array.from(roots, () => undefined);
    for (const [i, id] of answers.entries()) if (id !== '') existing[order[i] as number] = id;
    return { existing, createdAt, hints: toHints(hints) };
  }

  async claim(partition: number, session: SessionId, nonce: string, ids: readonly TaskId[], max: number) {
    const answer = await this.#run('claim', partition, [session, nonce, max, bytesPerCall, ...idRows(ids)], {
      items: ids.length,
    });
    const [records, members, firstRuns, hints] = answer as [WireClaim[], WireMembers[], WireFirstRuns, string[]];
    return { claims: inOrder([records, members, firstRuns], ids), hints: toHints(hints) };
  }

  async commit(partition: number, turns: readonly Turn[], next?: Next) {
    const answers: TurnAnswer[] = [];
    const hints: Hint[] = [];
    const news: News[] = [];
    const mail: number[] = [];
    const claims: Claim[] = [];
    let slots = 0;
    const abroad = (id: TaskId): number | '' => {
      const there = partitionOf(id, this.partitions);
      return there === partition ? '' : there;
    };
    for (let from = 0; from < turns.length; ) {
      const row: Row = [];
      let to = from;
      for (; to < turns.length && (to === from || row.length < largestCall); to++) {
        const turn = turns[to] as Turn;
        row.push(...turnRow(turn, abroad));
      }
      const script = turns.slice(from, to).some(isGrowing) ? 'commit-growing' : 'commit';
      row.push(...nextRow(next && shareOf(next, turns, from, to)));
      const answer = await this.#run(script, partition, [to - from, ...row], { items: to - from });
      const [texts, ready, told, letters, records, members, firstRuns, all] = answer as [
        [TurnAnswer['kind'], string[]][],
        string[],
        FlatNews,
        string[],
        WireClaim[],
        WireMembers[],
        WireFirstRuns,
        number,
      ];
      slots = all;
      claims.push(...toClaims([records, members, firstRuns]));
      answers.push(...texts.map(toAnswer));
      hints.push(...toHints(ready));
      news.push(...toNews(told));
      mail.push(...letters.map(Number));
      from = to;
    }
    return { answers, claims, hints, news, mail, slots };
  }

  async stage(
    partition: number,
    group: TaskId,
    token: Token,
    from: number,
    members: readonly GroupMember[],
  ): Promise<boolean> {
    // One text for all: each argument of a call costs a client more than the row.
    const row = [group, token, from, members.map(memberRow).join('\0')];
    const kept = await this.#run('stage', partition, row, { news: false, items: members.length });
    return kept === 1;
  }

  async settle(partition: number, settlements: readonly Settlement[], next?: Next) {
    const { row, order } = settlementRows(settlements);
    row.push(...nextRow(next));
    const script = settlements.some(isGathering) ? 'settle-growing' : 'settle';
    const answer = await this.#run(script, partition, row, { items: settlements.length });
    const [kinds, hints, news, mail, records, members, firstRuns] = answer as [
      (SettleAnswer['kind'] | number)[],
      string[],
      FlatNews,
      string[],
      WireClaim[],
      WireMembers[],
      WireFirstRuns,
    ];
    const answers: SettleAnswer[] = Array.from(settlements, () => settled);
    let at = 0;
    for (const kind of kinds) {
      if (typeof kind === 'number') at += kind;
      else answers[order[at++] as number] = { kind };
    }
    if (at !== settlements.length)
      throw new CorralInternalError(`the store has answered ${at} of ${settlements.length} settlements`);
    const claims = toClaims([records, members, firstRuns]);
    return { answers, claims, hints: toHints(hints), news: toNews(news), mail: mail.map(Number) };
  }

  async outbox(partition: number, to: number, taken: number): Promise<Letter[]> {
    const texts = (await this.#run('outbox', partition, [to, taken], { news: false })) as string[];
    return texts.map((text) => ({ number: Number.parseInt(text, 10), text }));
  }

  async deliver(partition: number, from: number, letters: readonly Letter[]) {
    const row = [from, letters.length, ...letters.map(({ text }) => text)];
    const answer = await this.#run('deliver', partition, row, { items: letters.length });
    const [mail, hints] = answer as [string[], string[]];
    return { mail: mail.map(Number), hints: toHints(hints) };
  }

  async cancel(partition: number, targets: readonly Cancel[]) {
    const answer = await this.#run('cancel', partition, [targets.length, ...targets.flatMap(cancelRow)]);
    const [answers, hints] = answer as [CancelAnswer[], string[]];
    return { answers, hints: toHints(hints) };
  }

  async cancelChildren(partition: number, parent: Cancel, after: string) {
    const [id, message, event] = cancelRow(parent) as [string, string, string];
    const [entry = 0, member = 0] = after.split('.').map(Number);
    const answer = await this.#run('cancel-children', partition, [id, message, event, entry, member]);
    const [parents, nextEntry, nextMember, hints] = answer as [string[], number, number, string[]];
    return { parents, next: nextEntry < 0 ? undefined : `${nextEntry}.${nextMember}`, hints: toHints(hints) };
  }

  async receive(partition: number, tasks: readonly ReceiveRequest[]) {
    const rows = tasks.flatMap(({ id, token, known, commits }) => [id, token, known, commits]);
    const answers = await this.#run('receive', partition, [tasks.length, ...rows], {
      news: false,
      items: tasks.length,
    });
    return (answers as [TurnAnswer['kind'], string[]][]).map(toAnswer);
  }

  async park(partition: number, tasks: readonly ParkRequest[]) {
    const rows = tasks.flatMap(({ id, token, known, wakeMs = '' }) => [id, token, known, wakeMs]);
    const answers = await this.#run('park', partition, [tasks.length, ...rows], { news: false, items: tasks.length });
    return answers as ParkAnswer[];
  }

  members(partition: number, group: TaskId, from: number, wanted: number): Promise<GroupMembers> {
    return this.#members.add(partition, group, from, wanted);
  }

  async cancelTree(partition: number, root: TaskId, after: string) {
    const answer = await this.#run('cancel-tree', partition, [root, after === '' ? '0' : after]);
    const [next, hints] = answer as [string, string[]];
    return { next: next === '0' ? undefined : next, hints: toHints(hints) };
  }

  async register(session: SessionInfo): Promise<void> {
    const { id, host, pid, version, slots, coroutines } = session;
    const names = coroutines.map(({ name }) => name);
    const row = [id, host, pid, version, slots, JSON.stringify(coroutines), names.length, ...names];
    await this.#everywhere((partition) => this.#run('register', partition, row, { news: false }));
  }

  async beat({ session, running, suspended, draining, stuck }: Beat): Promise<boolean> {
    const row = [session, running, suspended, draining ? 1 : 0, stuck ? 1 : 0];
    const lives = await this.#everywhere((partition) => this.#run('beat', partition, row, { news: false }));
    return lives.every((answer) => answer === 1);
  }

  async held(partition: number, session: SessionId, known: number): Promise<TaskId[]> {
    return (await this.#run('held', partition, [session, known], { news: false })) as TaskId[];
  }

  async release(partition: number, session: SessionId, ids: readonly TaskId[] = []): Promise<{ hints: Hint[] }> {
    const hints: Hint[] = [];
    for (let from = 0; from === 0 || from < ids.length; from += largestCall) {
      const page = ids.slice(from, from + largestCall);
      for (let more = 1; more === 1; ) {
        const answer = await this.#run('release', partition, [session, page.length, ...page]);
        const [left, ready] = answer as [number, string[]];
        hints.push(...toHints(ready));
        more = left;
      }
    }
    return { hints };
  }

  async sweep(partition: number, hintTtlMs: number): Promise<SweepAnswer> {
    const answer = await this.#run('sweep', partition, [hintTtlMs]);
    const [hints, expired, timers, removed, workers, slots, more, mail] = answer as [
      string[],
      ...[number, number, number, number, number, number],
      string[],
    ];
    const counts = { expired, timers, removed, workers, slots };
    return { hints: toHints(hints), ...counts, more: more === 1, mail: mail.map(Number) };
  }

  async listen(session: SessionId | undefined, listener: Listener) {
    const subscriber = this.#connection.open({ blocking: false });
    const hear = (_channel: string, text: string): void => hearMessage(listener, text, this.partitions);
    subscriber.on('message', hear);
    const { channel } = this.#connection;
    try {
      if (session === undefined) await subscriber.subscribe(channel, `${channel}:${this.#client}`);
      else await subscriber.subscribe(`${channel}:${session}`);
    } catch (error) {
      // The connection subscribes as soon as it can; until then news is lost, as it may be at any time.
      const failure = redisError(error);
      if (!(failure instanceof StoreUnavailableError)) throw failure;
    }
    if (session === undefined) this.#hears = this.#client;
    const close = async (): Promise<void> => {
      subscriber.off('message', hear);
      subscriber.disconnect();
    };
    return { close };
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #run(
    script: Parameters<RedisConnection['run']>[0],
    partition: number,
    args: Row,
    { news = true, items = 1 }: { news?: boolean; items?: number } = {},
  ): Promise<unknown> {
    const { channel } = this.#connection;
    return await this.#connection.run(script, partition, news ? [...args, channel] : args, items);
  }

  #everywhere<T>(call: (partition: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: this.partitions }, (_, partition) => call(partition)));
  }
}
