import { expect, test } from 'vitest';
import { nearest } from '../../src/program/nearest.ts';

test.each([
  ['slep', 'sleep'],
  ['Sleep', 'sleep'],
  ['wait_for', 'waitFor'],
  ['WAITFOR', 'waitFor'],
  ['retrun', 'return'],
  ['as_complete', 'asCompleted'],
  ['doo', 'do'],
  ['xyz', undefined],
  ['', undefined],
  ['sleepsleepsleep', undefined],
])('%s: %s', (word, meant) => {
  expect(nearest(word, ['do', 'sleep', 'wait', 'waitFor', 'return', 'asCompleted'])).toBe(meant);
});

test('the nearest of several, and the first of those that are as near', () => {
  expect(nearest('canceled', ['cancel', 'cancelled'])).toBe('cancelled');
  expect(nearest('ab', ['ac', 'ad'])).toBe('ac');
});
