/**
 * What is told of a run that has ended here, and which span of its trace it is.
 *
 * The run that settles the task is the span of the task (contract/trace.ts, X2): it begins when the task first began, so
 * that what earlier runs did lies within it. Runs that ended otherwise are spans of their own below it. So what a worker
 * that was killed has created is not cut off, though nobody tells of the run that created it.
 */
import type { EndedRun } from '../contract/instrument.ts';
import type { Claim } from '../contract/store.ts';
import { parentSpanIdOf, spanIdOf, type TraceContext } from '../contract/trace.ts';

export type Ending = Pick<EndedRun, 'end' | 'errorType' | 'reason'>;

/** `now` by the clock of this worker; `ranMs`: since the claim. */
export function endedRun(claim: Claim, trace: TraceContext, ending: Ending, now: number, ranMs: number): EndedRun {
  const { id, parent, coroutine, token, attempt, failures, history } = claim;
  const isTask = ending.end !== 'retried' && ending.end !== 'left';
  const above = parent === undefined ? parentSpanIdOf(trace) : spanIdOf(parent);
  const again = attempt > 1 || history.length > 0;
  return {
    ...{ id, coroutine, attempt, failures },
    worker: token.slice(token.indexOf(':') + 1, token.lastIndexOf(':')),
    trace,
    spanId: spanIdOf(isTask ? id : `${id} ${token}`),
    parentSpanId: isTask ? above : spanIdOf(id),
    startedAt: isTask && again ? claim.startedAt : now - ranMs,
    endedAt: now,
    ...ending,
  };
}
