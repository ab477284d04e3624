import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headOf } from '../../libs/scheduler/src/program/expression.ts';
import { grammar } from '../../libs/scheduler/src/program/grammar.ts';
import { validateProgram } from '../../libs/scheduler/src/program/validate.ts';
import { scaled, walk } from './expressions.ts';
import { programs } from './programs.ts';

const some = fc.sample(programs, { seed: 1, numRuns: 200, unbiased: true });

describe('random programs', () => {
  it('are valid', () => {
    fc.assert(
      fc.property(programs, (program) => {
        expect(validateProgram(program).issues).toEqual([]);
      }),
    );
  });

  it('use the whole language', () => {
    const used = new Set(some.flatMap((program) => [...walk(program)].map(({ expression }) => headOf(expression))));
    expect([...used].sort()).toEqual(Object.keys(grammar).sort());
  });

  it('are the same for the same seed', () => {
    expect(fc.sample(programs, { seed: 1, numRuns: 200, unbiased: true })).toEqual(some);
  });
});

describe('scaled', () => {
  it('multiplies durations, and them alone', () => {
    const program = {
      try: { wait: ['timeout'], timeout: 2 },
      except: [{ type: '*', do: { timeout: null, body: { sleep: 3, result: { sleep: 4, timeout: 5 } } } }],
      finally: { call: 'program', args: { program: { list: [{ waitFor: { sleep: 1 }, timeout: 0 }] } } },
    } as const;
    expect(scaled(program, 100)).toEqual({
      try: { wait: ['timeout'], timeout: 200 },
      except: [{ type: '*', do: { timeout: null, body: { sleep: 300, result: { sleep: 4, timeout: 5 } } } }],
      finally: { call: 'program', args: { program: { list: [{ waitFor: { sleep: 100 }, timeout: 0 }] } } },
    });
  });

  it('leaves the arguments of other coroutines alone', () => {
    const program = { call: 'sleep', args: { program: { sleep: 1 } } } as const;
    expect(scaled(program, 100)).toEqual(program);
  });

  it('undoes itself', () => {
    for (const program of some) expect(scaled(scaled(program, 4), 0.25)).toEqual(program);
  });
});
