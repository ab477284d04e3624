/** Kinds of values that hold no expression: what is accepted, in words, as JSON Schema and as a test. */

import { retryLimits } from '../contract/retry.ts';

export interface ValueRule {
  /** Completes "must be ...". */
  readonly must: string;
  readonly schema: object;
  readonly accepts: (value: unknown) => boolean;
}

const namePattern = '^[A-Za-z_][A-Za-z0-9_]*$';
const isName = (value: unknown): value is string => typeof value === 'string' && new RegExp(namePattern).test(value);
const isString = (value: unknown): value is string => typeof value === 'string';
const isDuration = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
export const returnWhenWords = ['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'] as const;

const maxNameLength = 200;
const maxPriority = 1_000_000;
const { attempts: mostAttempts, factor: mostFactor } = retryLimits;
const name = 'a name (letters, digits and _, not beginning with a digit)';

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const valueKinds = {
  literal: { must: 'a JSON value', schema: {}, accepts: () => true },
  object: { must: 'an object', schema: { type: 'object' }, accepts: isObject },
  string: { must: 'a string', schema: { type: 'string' }, accepts: isString },
  boolean: { must: 'true or false', schema: { type: 'boolean' }, accepts: (value) => typeof value === 'boolean' },
  true: { must: 'true', schema: { const: true }, accepts: (value) => value === true },
  name: { must: name, schema: { type: 'string', pattern: namePattern }, accepts: isName },
  coroutine: {
    must: `${name} of at most ${maxNameLength} characters`,
    schema: { type: 'string', pattern: namePattern, maxLength: maxNameLength },
    accepts: (value) => isName(value) && value.length <= maxNameLength,
  },
  label: {
    must: `a string of 1 to ${maxNameLength} characters`,
    schema: { type: 'string', minLength: 1, maxLength: maxNameLength },
    accepts: (value) => isString(value) && value.length > 0 && value.length <= maxNameLength,
  },
  priority: {
    must: `an integer from 0 to ${maxPriority}`,
    schema: { type: 'integer', minimum: 0, maximum: maxPriority },
    accepts: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= maxPriority,
  },
  duration: {
    must: 'a number of milliseconds, 0 or more',
    schema: { type: 'number', minimum: 0 },
    accepts: isDuration,
  },
  limit: {
    must: 'a number of milliseconds, 0 or more, or null',
    schema: { type: ['number', 'null'], minimum: 0 },
    accepts: (value) => value === null || isDuration(value),
  },
  returnWhen: {
    must: `one of ${returnWhenWords.join(', ')}`,
    schema: { enum: returnWhenWords },
    accepts: (value) => returnWhenWords.some((word) => word === value),
  },
  raisedType: {
    must: `${name} other than ExceptionGroup, which cannot be raised by hand`,
    schema: { type: 'string', pattern: namePattern, not: { const: 'ExceptionGroup' } },
    accepts: (value) => isName(value) && value !== 'ExceptionGroup',
  },
  errorType: {
    must: `the type of an error, ${name}`,
    schema: { type: 'string', pattern: namePattern },
    accepts: isName,
  },
  retriedType: {
    must: `the type of an error, ${name}, other than CancelledError, which is never retried`,
    schema: { type: 'string', pattern: namePattern, not: { const: 'CancelledError' } },
    accepts: (value) => isName(value) && value !== 'CancelledError',
  },
  attempts: {
    must: `an integer from 1 to ${mostAttempts}`,
    schema: { type: 'integer', minimum: 1, maximum: mostAttempts },
    accepts: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= mostAttempts,
  },
  factor: {
    must: `a number from 1 to ${mostFactor}`,
    schema: { type: 'number', minimum: 1, maximum: mostFactor },
    accepts: (value) => typeof value === 'number' && value >= 1 && value <= mostFactor,
  },
  share: {
    must: 'a number from 0 to 1',
    schema: { type: 'number', minimum: 0, maximum: 1 },
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  caughtType: {
    must: 'the type of an error, "Exception" or "*"',
    schema: { anyOf: [{ const: '*' }, { type: 'string', pattern: namePattern }] },
    accepts: (value) => value === '*' || isName(value),
  },
} as const satisfies Readonly<Record<string, ValueRule>>;

export type ValueKind = keyof typeof valueKinds;
