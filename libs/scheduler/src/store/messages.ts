/** What scripts publish, as listeners hear it (shared/news.lua, shared/direct.lua). */
import type { Hint } from '../contract/dispatch.ts';
import { partitionOf } from '../contract/ids.ts';
import type { Listener } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { TaskRecord } from '../contract/views.ts';
import { toRecord } from './record-row.ts';

const hintsMark = 'hints\n';

/** An id and its priority by turns. */
export function toHints(flat: readonly string[]): Hint[] {
  const hints: Hint[] = [];
  for (let i = 0; i < flat.length; i += 2) hints.push({ id: flat[i] as string, priority: Number(flat[i + 1]) });
  return hints;
}

/** A line each: the id of a task, or JSON of the id, fields and values of one that has settled. */
export function hearMessage(listener: Listener, text: string, partitions: number): void {
  if (text.startsWith(hintsMark)) {
    const hints = toHints(text.slice(hintsMark.length).split('\n'));
    const [first] = hints;
    if (first !== undefined) listener.hints?.(partitionOf(first.id, partitions), hints);
    return;
  }
  const ended = new Map<TaskId, TaskRecord>();
  const ids = text.split('\n').map((line) => {
    if (!line.startsWith('[')) return line;
    const [id = '', ...row] = JSON.parse(line) as string[];
    ended.set(id, toRecord(id, row));
    return id;
  });
  listener.news(ids, ended);
}
