/**
 * Time limits of tasks: which there are, and when they are over. Times are the store's.
 *
 * Two things may happen when one is over. A task that has not started ends as failed and never runs (`startBy`). One that
 * runs is cancelled, as by `loop.timeout` around the whole coroutine; the cancel is one act (wave, history.ts) of all whom
 * a deadline strikes, so that none of them is struck twice.
 */
import { longestMs } from './duration.ts';
import type { TaskId } from './task.ts';

export interface TimeLimits {
  /** Milliseconds for one attempt, from its start. Then it is cancelled and ends with TimeoutError, unless it ends
   *  otherwise by itself, as with `loop.waitFor`. */
  timeout?: number;
  /** Milliseconds from the creation of the task: for the task with all its attempts, and for all below it. Then they are
   *  cancelled and end with TimeoutError. */
  deadline?: number;
  /** Milliseconds from the creation: a task that has not started by then ends with ExpiredError and never runs. */
  expiresAfter?: number;
}

/** What a task keeps of them, with the deadline that it inherits: a time. */
export interface KeptTimeLimits extends TimeLimits {
  deadlineAt?: number;
}

export const timeLimitRange = { from: 1, to: longestMs };

/** @throws RangeError that names the option; `where` is what takes it */
export function checkTimeLimits(where: string, { timeout, deadline, expiresAfter }: TimeLimits): void {
  if (timeout === undefined && deadline === undefined && expiresAfter === undefined) return;
  const { from, to } = timeLimitRange;
  for (const [option, ms] of Object.entries({ timeout, deadline, expiresAfter })) {
    if (ms !== undefined && !(typeof ms === 'number' && ms >= from && ms <= to))
      throw new RangeError(
        `${where}: ${option} must be a number of milliseconds from ${from} to ${to}, not ${JSON.stringify(ms)}`,
      );
  }
}

/** The smaller of the own and the inherited one. */
export function deadlineOf({ deadline, deadlineAt }: KeptTimeLimits, createdAt: number): number | undefined {
  const own = deadline === undefined ? undefined : createdAt + Math.ceil(deadline);
  return own === undefined || (deadlineAt !== undefined && deadlineAt < own) ? deadlineAt : own;
}

/** When it is too late to start the task, and the error (JSON of an ErrorValue) that it ends with then. */
export function startBy(limits: KeptTimeLimits, createdAt: number): { at: number; error: string } | undefined {
  const { expiresAfter } = limits;
  const deadline = deadlineOf(limits, createdAt);
  const expires = expiresAfter === undefined ? undefined : createdAt + Math.ceil(expiresAfter);
  if (expires !== undefined && (deadline === undefined || expires < deadline))
    return { at: expires, error: expiredError(Math.ceil(expiresAfter as number)) };
  return deadline === undefined ? undefined : { at: deadline, error: timeoutError };
}

export const timeoutError = '{"type":"TimeoutError","message":""}';
const expiredError = (ms: number): string =>
  `{"type":"ExpiredError","message":"the task has not started within ${ms} ms"}`;

/** The cancel of one attempt by its timeout; attempts differ in their first operation. */
export const timeoutWave = (task: TaskId, firstOp: number): string => `timeout:${task}:${firstOp}`;

export const deadlineWave = (at: number): string => `deadline:${at}`;
