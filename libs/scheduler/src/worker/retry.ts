/** Whether another attempt follows a failed one: decided here, where the coroutine's own policy is known, and once. */
import type { Clock } from '../contract/clock.ts';
import { decodeOptions } from '../contract/coroutine.ts';
import type { ErrorValue, Outcome } from '../contract/outcome.ts';
import { retryDelayMs } from '../contract/retry.ts';
import type { Claim } from '../contract/store.ts';
import type { AnyCoroutineFunction } from '../loop/coroutines.ts';
import type { AttemptLimits } from './attempt-limits.ts';

/** The wait in milliseconds; undefined when the outcome stands. */
export function retryAfterMs(
  { options, failures }: Claim,
  fn: AnyCoroutineFunction,
  { state, payload }: Outcome,
  clock: Clock,
  limits: AttemptLimits | undefined,
): number | undefined {
  if (state !== 'failed') return undefined;
  const { retry = fn.options.retry } = decodeOptions(options);
  const random = Buffer.from(clock.random(4)).readUInt32BE() / 2 ** 32;
  const delayMs = retryDelayMs(retry, failures + 1, (JSON.parse(payload) as ErrorValue).type, random);
  return delayMs === undefined || limits?.allowsAnother(delayMs) === false ? undefined : delayMs;
}
