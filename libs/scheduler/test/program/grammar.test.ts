import { expect, expectTypeOf, test } from 'vitest';
import type { TaskOptions } from '../../src/contract/coroutine.ts';
import type { TimeLimits } from '../../src/contract/time-limits.ts';
import { type Expression, type ExpressionOf, headOf } from '../../src/program/expression.ts';
import { grammar, type parts } from '../../src/program/grammar.ts';

test('a head is a key of its row, and of no other row but for `timeout`', () => {
  for (const [head, row] of Object.entries(grammar)) {
    expect(Object.keys(row.required)).toContain(head);
    const others = [...Object.keys(row.required), ...Object.keys(row.optional)].filter((key) => key !== head);
    expect(others.filter((key) => key in grammar && key !== 'timeout')).toEqual([]);
  }
});

test('headOf', () => {
  expect(headOf({ sleep: 1 })).toBe('sleep');
  expect(headOf({ timeout: 1, waitFor: { return: 1 } })).toBe('waitFor');
  expect(headOf({ body: { return: 1 }, timeout: 1 })).toBe('timeout');
  expect(headOf({ args: {}, call: 'constructor' })).toBe('call');
});

test('types', () => {
  expectTypeOf<ExpressionOf<'sleep'>['sleep']>().toEqualTypeOf<number>();
  expectTypeOf<ExpressionOf<'waitFor'>['timeout']>().toEqualTypeOf<number | null | undefined>();
  expectTypeOf<{ createTask: { sleep: 1 }; as: 'T' }>().toExtend<Expression>();
  expectTypeOf<{ createTask: { sleep: 1 } }>().not.toExtend<Expression>();
  expectTypeOf<{ sleep: '1' }>().not.toExtend<Expression>();
  expectTypeOf<{ gather: [{ slep: 1 }] }>().not.toExtend<Expression>();
  // A program gives the options of a task; for limits of time it has `timeout` and `waitFor`.
  type Options = Exclude<keyof TaskOptions, keyof TimeLimits>;
  expectTypeOf<keyof (typeof parts)['taskOptions']['optional']>().toEqualTypeOf<Options>();
});
