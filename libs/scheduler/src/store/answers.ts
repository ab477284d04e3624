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

/** Tasks that run for the first time: members of a gather, or others where the group is ''. What they have in common, the index of the first, and their rows, many a text. */
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
  ...members.flatMap((some) => (some[0] === '' ? ofFirstRuns(some) : ofMembers(some))),
];

/** What tells a task that has never run from others of its claim. */
type Told = Pick<Claim, 'id' | 'member' | 'coroutine' | 'args' | 'options' | 'parent' | 'createdAt'>;

/** Written out: it is made for each task. */
function firstRun(told: Told, token: string, startedAt: number, claimedAt: number): Claim {
  return {
    id: told.id,
    member: told.member,
    token,
    coroutine: told.coroutine,
    args: told.args,
    options: told.options,
    attempt: 1,
    parent: told.parent,
    createdAt: told.createdAt,
    startedAt,
    begunAt: startedAt,
    claimedAt,
    history: [],
    events: [],
    commits: 0,
    logged: 0,
    failures: 0,
    firstOp: 0,
  };
}

function ofMembers([group, token, parent, created, started, claimedAt, from, texts]: WireMembers): Claim[] {
  const rows = texts.flatMap((text) => text.split('\0'));
  const [createdAt, startedAt] = [Number(created), Number(started)];
  return rows.map((row, i) => {
    const [first, second] = [row.indexOf('\n'), row.indexOf('\n', row.indexOf('\n') + 1)];
    const third = row.indexOf('\n', second + 1);
    const [index, coroutine] = [String(from + i), row.slice(0, first)];
    const [options, args] = [row.slice(second + 1, third), row.slice(third + 1)];
    const told = { id: `${group}.${index}`, member: { group, index }, coroutine, args, options, parent, createdAt };
    return firstRun(told, token, startedAt, claimedAt);
  });
}

function ofFirstRuns([, token, , , started, claimedAt, , texts]: WireMembers): Claim[] {
  const rows = texts.flatMap((text) => text.split('\0'));
  return rows.map((row) => {
    const [id = '', created, above, options = '', coroutine = '', args = ''] = row.split('\n');
    const [parent, createdAt] = [above === '' ? undefined : above, Number(created)];
    const told = { id, member: memberOf(id), coroutine, args, options, parent, createdAt };
    return firstRun(told, token, Number(started), claimedAt);
  });
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
