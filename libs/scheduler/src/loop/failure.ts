/** The outcome of what threw. An error that is too large to keep is told by its type and the beginning of its message. */
import { encode, errorValue } from '../contract/codec.ts';
import { CancelledError } from '../contract/exceptions.ts';
import { type Limits, tooLarge } from '../contract/limits.ts';
import type { Outcome } from '../contract/outcome.ts';

const clipped = 1000;

/** `origin`: `<coroutine> <task id>`. */
export function failure(error: unknown, origin: string, limits: Limits): Outcome {
  const state = error instanceof CancelledError ? 'cancelled' : 'failed';
  const value = errorValue(error, origin);
  const payload = encode(value);
  const bytes = Buffer.byteLength(payload);
  if (bytes <= limits.payload) return { state, payload };
  const { message, ...large } = errorValue(tooLarge(`error ${value.type}`, bytes, limits.payload), origin);
  const cause = { type: value.type, message: value.message.slice(0, clipped) };
  return { state, payload: encode(state === 'cancelled' ? cause : { ...large, message, cause }) };
}
