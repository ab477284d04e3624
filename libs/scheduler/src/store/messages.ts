/** What scripts publish, as listeners hear it (shared/news.lua, shared/direct.lua). */
import type { Hint } from '../contract/dispatch.ts';
import { decodeEvent, type TaskEvent } from '../contract/history.ts';
import { memberId, partitionOf } from '../contract/ids.ts';
import type { ClaimNews, Listener } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';
import { toFirstRun } from './claims.ts';
import { toMembers } from './member-reads.ts';
import { toRecord } from './record-row.ts';

const hintsMark = 'hints\n';
const eventsMark = 'events\n';
const claimMark = 'claim\n';

type EventLine = [id: TaskId, token: string, from: number, event: string, ends: string];

/** An id and its priority by turns. */
export function toHints(flat: readonly string[]): Hint[] {
  const hints: Hint[] = [];
  for (let i = 0; i < flat.length; i += 2) hints.push({ id: flat[i] as string, priority: Number(flat[i + 1]) });
  return hints;
}

/** `ends`: of the members of a gather that is decided (shared/tell.lua), or ''. */
export function toldEvent(text: string, ends: string): TaskEvent {
  const event = decodeEvent(text);
  if (event.kind !== 'group' || ends === '') return event;
  const [size = '', created = '', decided = '', now = ''] = ends.split('\n', 4);
  const texts = ends.slice(size.length + created.length + decided.length + now.length + 4);
  return { ...event, told: toMembers([texts.split('\x01'), size, created, decided, Number(now)]) };
}

function hearEvents(listener: Listener, lines: readonly string[]): void {
  const ids: TaskId[] = [];
  const told: ClaimNews[] = [];
  for (const line of lines) {
    if (!line.startsWith('[')) ids.push(line);
    else {
      const [id, token, from, event, ends] = JSON.parse(line) as EventLine;
      if (listener.events === undefined) ids.push(id);
      else told.push({ id, token, from, events: [toldEvent(event, ends)] });
    }
  }
  if (ids.length > 0) listener.news(ids, new Map());
  if (told.length > 0) listener.events?.(told);
}

function hearClaim(listener: Listener, text: string): void {
  const [number = '', token = '', time] = text.split('\n', 3);
  const row = text.slice(number.length + token.length + String(time).length + 3);
  listener.claim?.(toFirstRun(row, token, Number(time)), Number(number));
}

const stretch = /^(\S+) (\d+)-(\d+)$/;

/** An id, or members of a bundle that follow each other. */
function idsIn(line: string): TaskId[] {
  const [, bundle, first, last] = stretch.exec(line) ?? [];
  if (bundle === undefined) return [line];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => memberId(bundle, Number(first) + i));
}

/** A line each: ids of tasks, or JSON of the id, fields and values of one that has settled. */
export function hearMessage(listener: Listener, text: string, partitions: number): void {
  if (text.startsWith(hintsMark)) {
    const hints = toHints(text.slice(hintsMark.length).split('\n'));
    const [first] = hints;
    if (first !== undefined) listener.hints?.(partitionOf(first.id, partitions), hints);
    return;
  }
  if (text.startsWith(claimMark)) {
    hearClaim(listener, text.slice(claimMark.length));
    return;
  }
  if (text.startsWith(eventsMark)) {
    hearEvents(listener, text.slice(eventsMark.length).split('\n'));
    return;
  }
  const ended = new Map<TaskId, TaskRecord>();
  const ids = text.split('\n').flatMap((line) => {
    if (!line.startsWith('[')) return idsIn(line);
    const [id = '', ...row] = JSON.parse(line) as string[];
    ended.set(id, toRecord(id, row));
    return [id];
  });
  listener.news(ids, ended);
}
