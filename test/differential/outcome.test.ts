import { describe, expect, it } from 'vitest';
import type { Outcome } from './case.ts';
import { sameOutcome } from './outcome.ts';

const succeeded = (result: unknown, logs: unknown[][] = []): Outcome => ({ state: 'succeeded', result, logs });
const failed = (error: unknown): Outcome => ({ state: 'failed', error, logs: [] });
const error = (type: string, message: string, more: object = {}) => ({ type, message, ...more });

describe('two outcomes are the same', () => {
  it.each<[string, Outcome, Outcome]>([
    ['whatever the order of keys', succeeded({ a: 1, b: [null] }), succeeded({ b: [null], a: 1 })],
    ['whatever the order of the tasks that logged', succeeded(1, [[1, 2], [3]]), succeeded(1, [[3], [1, 2]])],
    ['whatever a TimeoutError says', failed(error('TimeoutError', '')), failed(error('TimeoutError', 'after 3 ms'))],
    [
      'when a CancelledError lost its message',
      succeeded([error('CancelledError', '')]),
      succeeded([error('CancelledError', 'm')]),
    ],
    ['whatever else is known of an error', failed(error('Boom', 'm')), failed(error('Boom', 'm', { stack: 'at x' }))],
    [
      'whatever the order of the errors of a group, and whatever it says',
      failed(error('ExceptionGroup', 'a', { errors: [error('Boom', '1'), error('Boom', '2')] })),
      failed(error('ExceptionGroup', 'b', { errors: [error('Boom', '2'), error('Boom', '1')] })),
    ],
    ['when both were refused', { state: 'invalid' }, { state: 'invalid' }],
  ])('%s', (_, expected, got) => {
    expect(sameOutcome(expected, got)).toBe(true);
  });
});

describe('two outcomes differ', () => {
  it.each<[string, Outcome, Outcome]>([
    ['in state', { state: 'cancelled', logs: [] }, failed(error('CancelledError', ''))],
    ['in a value', succeeded([1, 2]), succeeded([1, 3])],
    ['in kind', succeeded(1), succeeded(true)],
    ['in length', succeeded([1]), succeeded([1, null])],
    ['in a key', succeeded({ a: 1 }), succeeded({ a: 1, b: null })],
    ['in a key of a prototype', succeeded({ toString: null }), succeeded({ a: null })],
    ['in the type of an error', failed(error('Boom', 'm')), failed(error('Crash', 'm'))],
    ['in the message of an error', failed(error('Boom', 'm')), failed(error('Boom', ''))],
    ['in the message of a cancel', succeeded(error('CancelledError', 'm')), succeeded(error('CancelledError', ''))],
    ['in an error of a group', failed(group(error('Boom', '1'))), failed(group(error('Boom', '2')))],
    [
      'in the number of errors of a group',
      failed(group(error('Boom', '1'))),
      failed(group(error('Boom', '1'), error('Boom', '1'))),
    ],
    ['in the order of the entries of a task', succeeded(1, [[1, 2]]), succeeded(1, [[2, 1]])],
    ['in a log too many', succeeded(1, [[1]]), succeeded(1, [[1], [1]])],
    ['in a log too few', succeeded(1, [[1], [1]]), succeeded(1, [[1]])],
  ])('%s', (_, expected, got) => {
    expect(sameOutcome(expected, got)).toBe(false);
  });
});

function group(...errors: object[]): object {
  return error('ExceptionGroup', 'unhandled errors in a TaskGroup', { errors });
}
