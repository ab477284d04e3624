/** How large things may be. Checked where they are made, so that the error is raised there and nothing was written. */
import { PayloadTooLargeError } from './exceptions.ts';

export interface Limits {
  /** Bytes of the arguments of a task, of its result, of the result of a step: JSON each. `CORRAL_MAX_PAYLOAD`. */
  payload: number;
  /** Bytes of all log entries of one task. `CORRAL_MAX_LOGS`. */
  logs: number;
  /** Operations that one task begins in its life; bounds its history and its inbox. `CORRAL_MAX_OPERATIONS`. */
  operations: number;
}

export const defaultLimits: Limits = { payload: 1_048_576, logs: 8_388_608, operations: 200_000 };

/** Bytes of what is a note and no data: one log entry, progress, the options of a task (name, context), a message. */
export const longestNote = 65_536;
/** Bytes of all arguments that a task hands out with createTask between two awaits: they go out in one step. */
export const largestTurn = 16_777_216;
/** Calls of the store carry about so many bytes at once, so that large values hold nobody up. */
export const bytesPerCall = 4_194_304;

/** The text itself. @throws PayloadTooLargeError that says what to do. */
export function sized(field: string, text: string, limit: number, setting?: keyof typeof settings): string {
  if (text.length * 3 <= limit) return text; // a UTF-16 unit has three bytes at most
  const bytes = Buffer.byteLength(text);
  if (bytes > limit) throw tooLarge(field, bytes, limit, setting);
  return text;
}

const settings = {
  payload: 'keep large data elsewhere and pass a reference to it, or raise CORRAL_MAX_PAYLOAD',
  logs: 'log less, or raise CORRAL_MAX_LOGS',
  operations: 'let child tasks do parts of the work, or raise CORRAL_MAX_OPERATIONS',
  turn: 'await something in between, use gather, or give map a smaller limit',
} as const;

export function tooLarge(
  field: string,
  size: number,
  limit: number,
  setting?: keyof typeof settings,
): PayloadTooLargeError {
  const unit = setting === 'operations' ? 'operations' : 'bytes';
  const advice = setting === undefined ? '' : `: ${settings[setting]}`;
  return new PayloadTooLargeError(`${field}: ${size} ${unit}, ${limit} are allowed${advice}`, { field, size, limit });
}
