/** Requests as flat lists of arguments, in the order in which the scripts read them. */
import type { KeptOptions } from '../contract/coroutine.ts';
import { CorralInternalError } from '../contract/exceptions.ts';
import { encodeEvent } from '../contract/history.ts';
import { memberId, memberOf } from '../contract/ids.ts';
import { bytesPerCall } from '../contract/limits.ts';
import type { Cancel, GroupMember, NewRoot, Next, Settlement, Turn } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';

export type Row = (string | number)[];

const kept = (options: string): KeptOptions => (options === '{}' ? {} : (JSON.parse(options) as KeptOptions));

/** Of a new task: its priority, and what decides by when it must start ('' for nothing). */
export function optionsRow(options: string): Row {
  const { priority = 0, expiresAfter, deadline, deadlineAt } = kept(options);
  const limits = [expiresAfter, deadline, deadlineAt];
  const none = limits.every((limit) => limit === undefined);
  return [priority, none ? '' : limits.map((limit) => (limit === undefined ? '' : Math.ceil(limit))).join('\n')];
}

const usualTtlMs = 86_400_000;

function rootRow({ id, coroutine, args, options, resultTtlMs, idempotency }: NewRoot): Row {
  const [priority, limits] = optionsRow(options) as [number, string];
  const row = [id, coroutine, args, options];
  if (priority === 0 && limits === '' && resultTtlMs === usualTtlMs && idempotency === undefined) return [...row, ''];
  return [...row, 'more', priority, limits, resultTtlMs, idempotency?.key ?? '', idempotency?.fingerprint ?? ''];
}

/** So many roots from `from` on are a whole bundle; 0: there is none. */
function bundleAt(roots: readonly NewRoot[], from: number): number {
  const { id, resultTtlMs } = roots[from] as NewRoot;
  const group = memberOf(id)?.group;
  let size = 0;
  const isNext = (root: NewRoot | undefined): boolean => {
    if (group === undefined || root === undefined || root.idempotency !== undefined) return false;
    const [priority, limits] = optionsRow(root.options);
    return root.id === memberId(group, size) && root.resultTtlMs === resultTtlMs && priority === 0 && limits === '';
  };
  while (isNext(roots[from + size])) size += 1;
  return size;
}

/** Bundles go in few words. `order`: which root each answer is for; of bundles there are none. */
export function rootRows(roots: readonly NewRoot[]): { row: Row; order: number[] } {
  const order: number[] = [];
  const bundles: Row = [];
  let count = 0;
  for (let from = 0; from < roots.length; ) {
    const size = bundleAt(roots, from);
    if (size === 0) order.push(from++);
    else {
      const members = roots.slice(from, from + size);
      const [{ id, resultTtlMs }] = members as [NewRoot];
      bundles.push(memberOf(id)?.group ?? '', size, resultTtlMs, members.map(memberRow).join('\0'));
      count += 1;
      from += size;
    }
  }
  const rows = order.flatMap((place) => rootRow(roots[place] as NewRoot));
  return { row: [order.length, ...rows, count, ...bundles], order };
}

/** One line for each field, so that Lua can take it apart without parsing JSON (whose texts hold no line breaks). */
export const memberRow = ({ coroutine, options, args }: GroupMember): string =>
  `${coroutine}\n${kept(options).priority ?? 0}\n${options}\n${args}`;

/** Message as a JSON string, or '' for none; the event for the inbox; 1 for a task that has to start first. */
export const cancelRow = (target: Cancel): Row => [
  target.id,
  target.message === undefined ? '' : JSON.stringify(target.message),
  encodeEvent({ kind: 'cancel', message: target.message, wave: target.wave }),
  target.afterStart ? 1 : 0,
];

/** `abroad`: the partition of a task that lies in another one, else ''. What the turn asks for follows by kind, in the order in
 *  which it takes effect; what it does not ask for costs nothing. */
export function turnRow(turn: Turn, abroad: (id: TaskId) => number | ''): Row {
  const { id, token, seq, known, early = 0, suspended, history = '', waits = [] } = turn;
  const row: Row = [id, token, seq, known, early, suspended ? 1 : 0, history, waits.join(' ')];
  const kind = <Item>(name: string, items: readonly Item[], rowOf: (item: Item) => Row): void => {
    if (items.length === 0) return;
    row.push(name, items.length);
    for (const item of items) row.push(...rowOf(item));
  };
  const staged = turn.groups.filter((group) => (group.staged ?? 0) > 0);
  kind('ahead', staged, (group) => [group.id, group.staged ?? 0]);
  kind('spawn', turn.spawns, (spawn) => [
    ...[spawn.id, spawn.op, spawn.coroutine, spawn.args, spawn.options],
    ...optionsRow(spawn.options),
  ]);
  if (turn.groups.length > 0) row.push('gather', turn.groups.length);
  for (const { id, op, returnExceptions, limit, members, begun } of turn.groups) {
    row.push(id, op, returnExceptions ? 1 : 0, limit, members.length);
    for (const member of members) row.push(memberRow(member));
    if (begun === undefined) row.push('');
    else row.push(begun.token, begun.running, begun.results.length, ...begun.results);
  }
  if (turn.ends && turn.spawns.length + turn.groups.length > 0) row.push('ends', 1);
  kind('timer', turn.timers, ({ op, ms }) => [op, ms]);
  kind('clear', turn.clearTimers, (op) => [op]);
  kind('early', turn.events.slice(0, early), (event) => [encodeEvent(event)]);
  kind('event', turn.events.slice(early), (event) => [event.kind === 'timer' ? event.op : '', encodeEvent(event)]);
  kind('cancel', turn.cancels, (cancel) => [...cancelRow(cancel), abroad(cancel.id)]);
  kind('cancel-group', turn.cancelGroups, cancelRow);
  kind('subscribe', turn.subscriptions, ({ op, id }) => [op, id, abroad(id)]);
  kind('log', turn.logs, (log) => [log]);
  if (turn.progress !== undefined) row.push('progress', 1, turn.progress);
  return [row.length, ...row];
}

const settlementRow = ({ id, token, outcome, retry, logs, progress }: Settlement): Row => [
  ...[id, token, outcome.state, outcome.payload],
  ...(progress === undefined && retry === undefined && logs.length === 0
    ? ['']
    : ['more', progress ?? '', retry?.ms ?? '', retry?.firstOp ?? '', logs.length, ...logs]),
];

function gatheringRow({ id, token, outcome, member = memberOf(id), gathered }: Settlement): Row {
  if (member === undefined || gathered?.begun === undefined)
    throw new CorralInternalError(`${id} is no member that ends with its gather`);
  const { op, returnExceptions, limit, members, begun } = gathered;
  return [
    ...[member.group, member.index, token, outcome.state, outcome.payload],
    ...[gathered.id, op, returnExceptions ? 1 : 0, limit, members.map(memberRow).join('\0')],
    ...[begun.token, begun.results.join('\0')],
  ];
}

/** Ids in runs of members of one gather, and of others. */
export function idRows(ids: readonly TaskId[]): Row {
  const row: Row = [];
  let runs = 0;
  for (let from = 0; from < ids.length; runs++) {
    const group = memberOf(ids[from] as TaskId)?.group;
    const run: string[] = [];
    for (; from < ids.length; from++) {
      const id = ids[from] as TaskId;
      const member = memberOf(id);
      if (member?.group !== group) break;
      run.push(member?.index ?? id);
    }
    row.push(group ?? '', run.length);
    for (const each of run) row.push(each);
  }
  return [runs, ...row];
}

interface Run {
  group: TaskId;
  token: string;
  states: string;
  indices: string[];
  payloads: string[];
  places: number[];
}

/** Indices of members as lua/settle.lua reads them: those that follow each other by the first and the last. */
function spanOf(indices: readonly string[]): string {
  const first = Number(indices[0]);
  const follows = indices.length > 1 && indices.every((index, i) => Number(index) === first + i);
  return follows ? `${first}-${indices.at(-1)}` : indices.join(' ');
}

const partOf = ({ group, token, states, indices, payloads, places }: Run, from: number, to?: number): Run => ({
  ...{ group, token, states: states.slice(from, to), indices: indices.slice(from, to) },
  ...{ payloads: payloads.slice(from, to), places: places.slice(from, to) },
});

/** Fewer that follow each other go with those that do not. */
const leastStretch = 8;

/** Members that follow each other by themselves, for they may be a whole batch; all others together. */
function stretchesOf(run: Run): Run[] {
  const { group, token, indices } = run;
  const starts = [...indices.keys()].filter((i) => i === 0 || Number(indices[i]) !== Number(indices[i - 1]) + 1);
  if (starts.length === 1) return [run];
  const stretches = starts.map((from, i) => partOf(run, from, starts[i + 1]));
  const isLong = (stretch: Run): boolean => stretch.indices.length >= leastStretch;
  const others = stretches.filter((stretch) => !isLong(stretch));
  const rest: Run = {
    ...{ group, token, states: others.map(({ states }) => states).join('') },
    indices: others.flatMap((stretch) => stretch.indices),
    payloads: others.flatMap((stretch) => stretch.payloads),
    places: others.flatMap((stretch) => stretch.places),
  };
  return [...stretches.filter(isLong), ...(others.length > 0 ? [rest] : [])];
}

/**
 * Members of a gather that have ended with an outcome and nothing else go together, those of one claim after the other,
 * in few words. `order`: which settlement each answer is for.
 */
export function settlementRows(settlements: readonly Settlement[]): { row: Row; order: number[] } {
  const runs = new Map<string, Run>();
  const others: number[] = [];
  const gathering: number[] = [];
  let run: Run | undefined;
  for (const [place, settlement] of settlements.entries()) {
    const { id, token, outcome, retry, logs, progress, gathered } = settlement;
    const member = settlement.member ?? memberOf(id);
    if (gathered !== undefined) {
      gathering.push(place);
      continue;
    }
    if (member === undefined || retry !== undefined || logs.length > 0 || progress !== undefined) {
      others.push(place);
      continue;
    }
    const { group, index } = member;
    if (run?.group !== group || run.token !== token) {
      const name = `${group} ${token}`;
      run = runs.get(name) ?? { group, token, states: '', indices: [], payloads: [], places: [] };
      runs.set(name, run);
    }
    run.indices.push(index);
    run.states += outcome.state.charAt(0);
    run.payloads.push(outcome.payload);
    run.places.push(place);
  }
  const all = [...runs.values()].flatMap(stretchesOf);
  const row: Row = [all.length];
  // Texts for many: each argument of a call costs a client as much as what it does for a task besides.
  for (const { group, token, states, indices, payloads } of all)
    row.push(group, token, /[^s]/.test(states) ? states : '', spanOf(indices), payloads.join('\0'));
  row.push(others.length);
  for (const place of others) row.push(...settlementRow(settlements[place] as Settlement));
  row.push(gathering.length);
  for (const place of gathering) row.push(...gatheringRow(settlements[place] as Settlement));
  return { row, order: [...all.flatMap(({ places }) => places), ...others, ...gathering] };
}

/** What a part of a commit takes for the tasks that it suspends: a lane of its own, so that it is answered again like any other. */
export function shareOf(
  { lane, max, ...next }: Next,
  turns: readonly Turn[],
  from: number,
  to: number,
): Next | undefined {
  const suspended = (end: number): number => turns.slice(0, end).filter((turn) => turn.suspended).length;
  const share = Math.min(max, suspended(to)) - Math.min(max, suspended(from));
  return share === 0 ? undefined : { ...next, lane: from === 0 ? lane : `${lane}@${from}`, max: share };
}

export const nextRow = (next: Next | undefined): Row =>
  next === undefined ? [''] : [next.lane, next.session, next.nonce, next.max, bytesPerCall, next.resting ?? ''];
