/**
 * Replays a recorded history without a cluster: the coroutine of today must begin the operations of then, and end as it
 * ended. Plain I/O of the coroutine runs again, side effects of steps do not.
 */
import { decode } from '../contract/codec.ts';
import { NonDeterminismError } from '../contract/exceptions.ts';
import { defaultLimits } from '../contract/limits.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import { historyVersion, type RecordedHistory } from '../contract/recorded-history.ts';
import type { TaskState } from '../contract/task.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import { resultsOf } from '../loop/gather.ts';
import { Runner } from '../loop/runner.ts';
import { Notice } from '../worker/notice.ts';
import { SystemClock } from '../worker/system-clock.ts';

export interface Replayed {
  /** `suspended`: it waits for what the history does not have. */
  state: Extract<TaskState, 'succeeded' | 'failed' | 'cancelled' | 'suspended'>;
  result?: unknown;
  error?: ErrorValue;
  /** How many operations it has begun. */
  operations: number;
}

/** @throws NonDeterminismError when the coroutine does something else than its history says, or ends otherwise */
export async function replayHistory(fn: AnyCoroutineFunction, history: RecordedHistory): Promise<Replayed> {
  if (history.version !== historyVersion)
    throw new RangeError(`history: version ${history.version} is not ${historyVersion}, the one that can be replayed`);
  if (history.coroutine !== fn.coroutineName)
    throw new RangeError(`history: it is of ${history.coroutine}, not of ${fn.coroutineName}`);
  const { task: id, name, context = [], trace, attempt, failures = 0, deadline, firstOp = 0, steps } = history;
  const clock = new SystemClock();
  const news = new Notice();
  const starts = steps.flatMap((step) =>
    'start' in step ? [['start', step.start, step.detail] as ['start', string, string]] : [],
  );
  const recorded = new Set(
    steps.flatMap((step) => ('event' in step && step.event.kind === 'step' ? [step.event.op] : [])),
  );
  const about = { id, name, context, trace, attempt, failures, deadline, firstOp, logged: Number.POSITIVE_INFINITY };
  const task = { ...about, starts, recorded, watch: undefined };
  const runner = new Runner(fn, task, clock, defaultLimits, () => news.give());
  const drain = async (): Promise<void> => {
    do await clock.drain();
    while (runner.runSoon());
    runner.drained();
  };
  runner.start(history.args);
  await drain();
  let started = 0;
  for (const step of steps) {
    if (runner.outcome !== undefined) break;
    if ('event' in step) {
      const { members, ...event } = step.event;
      runner.deliver(members === undefined ? event : { ...event, results: resultsOf(members) });
      await drain();
      continue;
    }
    started += 1;
    while (runner.started < started && runner.outcome === undefined) {
      if (runner.suspended)
        throw new NonDeterminismError(
          `${fn.coroutineName} waits after ${runner.started} operations; when it ran before it began ${step.start}(${step.detail})`,
        );
      await news.wait();
      await drain();
    }
  }
  // What the last turn of a task begins is not recorded: from there on it may do what it likes.
  if (runner.started <= starts.length) compare(history, runner.outcome, runner.started);
  return { ...shown(runner.outcome), operations: runner.started };
}

function compare({ coroutine, outcome: then }: RecordedHistory, now: Outcome | undefined, operations: number): void {
  if (now?.state === 'failed') {
    const { type, message } = decode(now.payload) as ErrorValue;
    if (type === 'NonDeterminismError') throw new NonDeterminismError(message);
  }
  if (then === undefined || same(then, now)) return;
  throw new NonDeterminismError(
    `${coroutine} ended as ${told(now)} after ${operations} operations; when it ran before it ended as ${told(then)}`,
  );
}

function same(then: Outcome, now: Outcome | undefined): boolean {
  if (then.state !== now?.state) return false;
  if (then.state === 'succeeded') return then.payload === now.payload;
  const [before, after] = [decode(then.payload) as ErrorValue, decode(now.payload) as ErrorValue];
  return before.type === after.type && before.message === after.message;
}

const told = (outcome: Outcome | undefined): string =>
  outcome === undefined ? 'suspended' : `${outcome.state} ${outcome.payload.slice(0, 200)}`;

function shown(outcome: Outcome | undefined): Omit<Replayed, 'operations'> {
  if (outcome === undefined) return { state: 'suspended' };
  const value = decode(outcome.payload);
  return outcome.state === 'succeeded'
    ? { state: outcome.state, result: value }
    : { state: outcome.state, error: value as ErrorValue };
}
