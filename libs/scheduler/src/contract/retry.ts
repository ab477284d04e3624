/** Retry policies: which errors begin another attempt, and how long it waits before it. */
import { longestMs } from './duration.ts';

/** An attempt is one run of the coroutine to its end. A worker that dies in the middle of it begins none. */
export interface RetryPolicy {
  /** In all, the first one included: 1 to 1,000,000. */
  attempts: number;
  /** Before the second attempt. 1,000 by default. */
  initialMs?: number;
  /** Each wait is so many times the one before, 1 or more. 2 by default. */
  factor?: number;
  /** No wait is longer. 60,000 by default. */
  maxMs?: number;
  /** The part of each wait that is random, so that what failed together does not come back together: 0 to 1. Half of it
   *  by default: a wait of 1,000 lasts 500 to 1,000 ms. */
  jitter?: number;
  /** Types of errors that are retried; by default all but those that come again whatever happens: InvalidArgumentsError,
   *  NonDeterminismError and UnserializableError. CancelledError never is. */
  on?: readonly string[];
  /** Types of errors that are not. */
  except?: readonly string[];
}

/** The largest values that are accepted. */
export const retryLimits = { attempts: 1_000_000, factor: 1_000, durationMs: longestMs };
const defaults = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.5 };
/** Another attempt would meet them again. */
const lasting = ['InvalidArgumentsError', 'NonDeterminismError', 'UnserializableError'];

/**
 * The wait before the next attempt, or undefined when there is none.
 * @param failures attempts that have failed, this one included
 * @param type of the error
 * @param random from 0 up to 1
 */
export function retryDelayMs(
  policy: RetryPolicy | undefined,
  failures: number,
  type: string,
  random: number,
): number | undefined {
  if (policy === undefined || failures >= policy.attempts) return undefined;
  if (policy.except?.includes(type) || !(policy.on?.includes(type) ?? !lasting.includes(type))) return undefined;
  const { initialMs, factor, maxMs, jitter } = { ...defaults, ...policy };
  const wait = Math.min(maxMs, initialMs * Math.min(factor ** (failures - 1), Number.MAX_VALUE));
  return Math.ceil(wait * (1 - jitter * random));
}

/** @throws RangeError that names the field */
export function checkRetryPolicy(where: string, policy: RetryPolicy): void {
  const inRange = (field: string, value: unknown, from: number, to: number): void => {
    if (typeof value !== 'number' || !(value >= from && value <= to))
      throw new RangeError(`${where}.${field} must be a number from ${from} to ${to}, not ${JSON.stringify(value)}`);
  };
  if (typeof policy !== 'object' || policy === null)
    throw new RangeError(`${where} must be an object such as { attempts: 3 }, not ${JSON.stringify(policy)}`);
  if (!Number.isInteger(policy.attempts) || policy.attempts < 1 || policy.attempts > retryLimits.attempts)
    throw new RangeError(
      `${where}.attempts must be a whole number from 1 to ${retryLimits.attempts}, not ${policy.attempts}`,
    );
  const { initialMs, factor, maxMs, jitter, on = [], except = [] } = { ...defaults, ...policy };
  inRange('initialMs', initialMs, 0, longestMs);
  inRange('factor', factor, 1, retryLimits.factor);
  inRange('maxMs', maxMs, 0, longestMs);
  inRange('jitter', jitter, 0, 1);
  for (const [field, types] of Object.entries({ on, except })) {
    if (!Array.isArray(types) || types.some((type) => typeof type !== 'string'))
      throw new RangeError(`${where}.${field} must be a list of names of error types`);
  }
  if (on.includes('CancelledError'))
    throw new RangeError(`${where}.on names CancelledError, but what was cancelled is never retried`);
}
