/** Claims as scripts tell them (claim.lua): of records, of tasks that run for the first time, and of members of gathers. */
import { decodeEvent } from '../contract/history.ts';
import { memberId, memberOf } from '../contract/ids.ts';
import type { Claim } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';

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

/** Members of a gather, or of a bundle, that follow each other and run for the first time: what they have in common, the index of
 *  the first, and their rows, many a text. `parent`: '' for a bundle. */
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

/** Other tasks that run for the first time: rows, many a text. */
export type WireFirstRuns = [token: string, time: number, ...rows: string[]];

export type WireClaims = [records: readonly WireClaim[], members: readonly WireMembers[], firstRuns: WireFirstRuns];

export const toClaims = ([records, members, firstRuns]: WireClaims): Claim[] => [
  ...records.map(ofRecord),
  ...ofFirstRuns(firstRuns),
  ...members.flatMap(ofMembers),
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
    const coroutine = row.slice(0, first);
    const [options, args] = [row.slice(second + 1, third), row.slice(third + 1)];
    const [id, member] = [memberId(group, from + i), { group, index: String(from + i) }];
    const told = { id, member, coroutine, args, options, parent: parent === '' ? undefined : parent, createdAt };
    return firstRun(told, token, startedAt, claimedAt);
  });
}

const ofFirstRuns = ([token, time, ...texts]: WireFirstRuns): Claim[] =>
  texts.flatMap((text) => text.split('\0')).map((row) => toFirstRun(row, token, time));

/** `row`: id, created, parent, options, coroutine and args, a line each. */
export function toFirstRun(row: string, token: string, time: number): Claim {
  const [id = '', created, above, options = '', coroutine = '', args = ''] = row.split('\n');
  const [parent, createdAt] = [above === '' ? undefined : above, Number(created)];
  return firstRun({ id, member: memberOf(id), coroutine, args, options, parent, createdAt }, token, time, time);
}

/** As they were asked for. */
export function inOrder(wire: WireClaims, ids: readonly TaskId[]): Claim[] {
  const [records, members, [, , ...firstRuns]] = wire;
  const claims = toClaims(wire);
  if (records.length === 0 && members.length + Math.min(1, firstRuns.length) < 2) return claims;
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
    events: events.map(decodeEvent),
    commits: Number(commits),
    logged,
    failures: Number(failures),
    firstOp: Number(firstOp),
  };
}
