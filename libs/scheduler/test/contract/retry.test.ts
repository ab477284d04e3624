import { describe, expect, it, test } from 'vitest';
import { checkRetryPolicy, type RetryPolicy, retryDelayMs } from '../../src/contract/retry.ts';

const waits = (policy: RetryPolicy, count: number, random = 0) =>
  Array.from({ length: count }, (_, failures) => retryDelayMs(policy, failures + 1, 'Error', random));

describe('the wait before the next attempt', () => {
  it('grows by the factor up to the longest, and ends with the attempts', () => {
    const policy = { attempts: 6, initialMs: 100, factor: 3, maxMs: 2_000 };
    expect(waits(policy, 7)).toEqual([100, 300, 900, 2_000, 2_000, undefined, undefined]);
  });

  it('is a second, doubled each time, a minute at most, when nothing is said', () => {
    expect(waits({ attempts: 9 }, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('is shorter by a random part of what jitter says', () => {
    expect(waits({ attempts: 2, initialMs: 1_000 }, 1, 0.999_999)).toEqual([501]);
    expect(waits({ attempts: 2, initialMs: 1_000, jitter: 1 }, 1, 0.25)).toEqual([750]);
    expect(waits({ attempts: 2, initialMs: 1_000, jitter: 0 }, 1, 0.9)).toEqual([1_000]);
  });

  it('is a number however often it was multiplied', () => {
    expect(retryDelayMs({ attempts: 1_000_000, factor: 1_000 }, 999_999, 'Error', 0)).toBe(60_000);
    expect(retryDelayMs({ attempts: 1_000_000, initialMs: 0 }, 999_999, 'Error', 0)).toBe(0);
  });
});

test.each<[RetryPolicy, string, boolean]>([
  [{ attempts: 2 }, 'AppError', true],
  [{ attempts: 2 }, 'TimeoutError', true],
  [{ attempts: 2 }, 'InvalidArgumentsError', false],
  [{ attempts: 2 }, 'NonDeterminismError', false],
  [{ attempts: 2 }, 'UnserializableError', false],
  [{ attempts: 2, on: ['UnserializableError'] }, 'UnserializableError', true],
  [{ attempts: 2, on: ['AppError'] }, 'AppError', true],
  [{ attempts: 2, on: ['AppError'] }, 'TypeError', false],
  [{ attempts: 2, except: ['AppError'] }, 'AppError', false],
  [{ attempts: 2, except: ['AppError'] }, 'TypeError', true],
  [{ attempts: 2, on: ['AppError'], except: ['AppError'] }, 'AppError', false],
  [{ attempts: 1 }, 'AppError', false],
])('%j and %s: %s', (policy, type, retried) => {
  expect(retryDelayMs(policy, 1, type, 0) !== undefined).toBe(retried);
});

test.each<[unknown, string]>([
  [null, 'f: retry must be an object'],
  [{}, 'f: retry.attempts'],
  [{ attempts: 0 }, 'f: retry.attempts'],
  [{ attempts: 1.5 }, 'f: retry.attempts'],
  [{ attempts: 1e7 }, 'f: retry.attempts'],
  [{ attempts: 2, initialMs: -1 }, 'f: retry.initialMs'],
  [{ attempts: 2, factor: 0.5 }, 'f: retry.factor'],
  [{ attempts: 2, maxMs: Number.NaN }, 'f: retry.maxMs'],
  [{ attempts: 2, jitter: 2 }, 'f: retry.jitter'],
  [{ attempts: 2, on: 'AppError' }, 'f: retry.on'],
  [{ attempts: 2, except: [1] }, 'f: retry.except'],
  [{ attempts: 2, on: ['CancelledError'] }, 'f: retry.on names CancelledError'],
])('refuses %j', (policy, message) => {
  expect(() => checkRetryPolicy('f: retry', policy as RetryPolicy)).toThrow(message);
});
