/** What scripts answer, as the callers of the store get it. */
import { decodeEvent, type TaskEvent } from '../contract/history.ts';
import { memberOf } from '../contract/ids.ts';
import type { Claim, News, TurnAnswer } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { toldEvent } from './messages.ts';

export type WireClaim = [
  string,
  string,
  string,
  string,
  string,
  number | string,
  string,
  string,
  string,
  string,
  number,
  number | string,
  number | string,
  number | string,
  number,
  string[],
  string[],
];

/** Members of a gather that were claimed for the first time: what they have in common, the index of the first, and their rows, many a text. */
export type WireMembers = [
  group: string,
  token: string,
  parent: string,
  created: string,
  started: number | string,
  time: number,
  first: number,
  rows: readonly string[],
];

export const toAnswer = ([kind, events]: [TurnAnswer['kind'], string[]]): TurnAnswer =>
  kind === 'committed' ? { kind, events: toEvents(events) } : { kind };

export type FlatNews = (string | number)[];

export const toNews = (flat: FlatNews): News[] => {
  const news: News[] = [];
  for (let i = 0; i < flat.length; i += 4) {
    const [id, from, event, ends] = flat.slice(i, i + 4) as [string, number, string, string];
    news.push({ id, from, events: [toldEvent(event, ends)] });
  }
  return news;
};

const toEvents = (texts: string[]): TaskEvent[] => texts.map(decodeEvent);

/** Claims as claim.lua tells them: of records, and of members of gathers. */
export const toClaims = (records: readonly WireClaim[], members: readonly WireMembers[]): Claim[] => [
  ...records.map(ofRecord),
  ...members.flatMap(ofMembers),
];

function ofMembers([group, token, parent, created, started, claimedAt, from, texts]: WireMembers): Claim[] {
  const rows = texts.flatMap((text) => text.split('\0'));
  const [createdAt, startedAt] = [Number(created), Number(started)];
  const claims: Claim[] = [];
  for (const [i, row] of rows.entries()) {
    const [first, second] = [row.indexOf('\n'), row.indexOf('\n', row.indexOf('\n') + 1)];
    const third = row.indexOf('\n', second + 1);
    const index = String(from + i);
    claims.push({
      id: `${group}.${index}`,
      member: { group, index },
      token,
      coroutine: row.slice(0, first),
      args: row.slice(third + 1),
      options: row.slice(second + 1, third),
      attempt: 1,
      parent,
      createdAt,
      startedAt,
      begunAt: startedAt,
      claimedAt,
      history: [],
      events: [],
      commits: 0,
      logged: 0,
      failures: 0,
      firstOp: 0,
    });
  }
  return claims;
}

/** As they were asked for. */
export function inOrder(claims: Claim[], ids: readonly TaskId[], already: boolean): Claim[] {
  if (already) return claims;
  const places = new Map(ids.map((id, place) => [id, place]));
  return claims.sort((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0));
}

function ofRecord(wire: WireClaim): Claim {
  const [id, token, coroutine, args, options, attempt, parent, createdAt, startedAt, ...rest] = wire;
  const [commits, logged, failures, firstOp, begunAt, claimedAt, history, events] = rest;
  return {
    id,
    member: memberOf(id),
    token,
    coroutine,
    args,
    options,
    attempt: Number(attempt),
    parent: parent === '' ? undefined : parent,
    createdAt: Number(createdAt),
    startedAt: Number(startedAt),
    begunAt: Number(begunAt),
    claimedAt,
    history,
    events: toEvents(events),
    commits: Number(commits),
    logged,
    failures: Number(failures),
    firstOp: Number(firstOp),
  };
}
