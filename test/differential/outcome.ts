/**
 * When two outcomes are the same: state, result or error, and logs.
 *
 * Errors are compared by type and message, and in some places asyncio itself leaves open what they are: the message of
 * a TimeoutError, that of a CancelledError which lost it on its way, the order of the errors of an ExceptionGroup.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from './case.ts';

interface ErrorObject {
  type: string;
  message: string;
  errors?: unknown;
}

export function sameOutcome(expected: Outcome, got: Outcome): boolean {
  if (expected.state !== got.state) return false;
  if (expected.state === 'succeeded' && !sameValue(expected.result, got.result)) return false;
  if (expected.state === 'failed' && !sameValue(expected.error, got.error)) return false;
  return sameInAnyOrder(expected.logs ?? [], got.logs ?? [], isDeepStrictEqual);
}

function sameValue(expected: unknown, got: unknown): boolean {
  if (isError(expected)) return isError(got) && sameError(expected, got);
  if (Array.isArray(expected))
    return (
      Array.isArray(got) && expected.length === got.length && expected.every((value, i) => sameValue(value, got[i]))
    );
  if (isObject(expected)) {
    const keys = Object.keys(expected);
    if (!isObject(got) || keys.length !== Object.keys(got).length) return false;
    return keys.every((key) => Object.hasOwn(got, key) && sameValue(expected[key], got[key]));
  }
  return expected === got;
}

function sameError(expected: ErrorObject, got: ErrorObject): boolean {
  if (expected.type !== got.type) return false;
  if (expected.type === 'ExceptionGroup') return sameInAnyOrder(listOf(expected.errors), listOf(got.errors), sameValue);
  const anyMessage =
    expected.type === 'TimeoutError' || (expected.type === 'CancelledError' && expected.message === '');
  return anyMessage || expected.message === got.message;
}

function sameInAnyOrder(
  expected: readonly unknown[],
  got: readonly unknown[],
  same: (expected: unknown, got: unknown) => boolean,
): boolean {
  const left = [...got];
  for (const value of expected) {
    const index = left.findIndex((other) => same(value, other));
    if (index === -1) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isError = (value: unknown): value is ErrorObject =>
  isObject(value) && typeof value['type'] === 'string' && typeof value['message'] === 'string';
