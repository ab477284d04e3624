/** Puts together what the store has recorded of a task: its history, and the inbox that the history refers to. */
import { decode } from '../contract/codec.ts';
import type { KeptOptions } from '../contract/coroutine.ts';
import type { HistoryStep, TaskEvent } from '../contract/history.ts';
import { childId } from '../contract/ids.ts';
import type { Outcome } from '../contract/outcome.ts';
import { historyVersion, type RecordedHistory, type RecordedStep } from '../contract/recorded-history.ts';
import type { Store } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import { deadlineOf } from '../contract/time-limits.ts';
import type { Views } from '../contract/views.ts';

const pageSize = 1000;

export async function taskHistory(
  { store, views }: { store: Store; views: Views },
  partition: number,
  id: TaskId,
): Promise<RecordedHistory | undefined> {
  const [record] = await views.records([id]);
  const origin = await views.origin(id);
  if (record === undefined || origin === undefined) return undefined;
  const entries = await all((from) => views.history(id, from, pageSize));
  const inbox = await all((from) => views.inbox(id, from, pageSize));
  const steps: RecordedStep[] = [];
  const deliver = async (event: TaskEvent | undefined): Promise<void> => {
    if (event === undefined) return;
    if (event.kind !== 'group') steps.push({ event });
    else
      steps.push({
        event: { ...event, members: await members(store, partition, childId(id, event.op), event.failed) },
      });
  };
  for (const step of entries.flatMap((entry) => JSON.parse(entry) as HistoryStep[])) {
    if (step[0] === 'start') steps.push({ start: step[1], detail: step[2] });
    else await deliver(inbox.shift());
  }
  for (const event of inbox) await deliver(event); // delivered after the last commit, or not yet
  const options = decode(record.options) as KeptOptions;
  const { name, context, trace } = options;
  const deadline = deadlineOf(options, record.createdAt);
  return {
    version: historyVersion,
    task: id,
    coroutine: record.coroutine,
    ...(name === undefined ? {} : { name }),
    ...(context === undefined ? {} : { context }),
    ...(trace === undefined ? {} : { trace }),
    ...(deadline === undefined ? {} : { deadline }),
    args: decode(origin.args),
    attempt: record.attempt,
    ...(record.retry === undefined ? {} : { failures: record.retry.failures, firstOp: origin.firstOp }),
    state: record.state,
    ...(record.outcome === undefined ? {} : { outcome: record.outcome }),
    steps,
  };
}

async function all<T>(page: (from: number) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const next = await page(found.length);
    for (const each of next) found.push(each);
    if (next.length === 0) return found;
  }
}

async function members(
  store: Store,
  partition: number,
  group: TaskId,
  failed: number | undefined,
): Promise<(Outcome | undefined)[]> {
  const read = async (from: number, count: number) => (await store.members(partition, group, from, count)).outcomes;
  return failed === undefined ? await all((from) => read(from, pageSize)) : await read(failed, 1);
}
