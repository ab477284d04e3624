import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { programSchema } from '../../src/program/schema.ts';
import { validateProgram } from '../../src/program/validate.ts';
import { almostProgram, program } from './arbitrary-program.ts';

const fits = new Ajv2020({ allowUnionTypes: true, ownProperties: true }).compile(programSchema);
const isProgram = (value: unknown): boolean => validateProgram(value).issues.length === 0;

/** The value that an issue points at; throws when there is none. */
const resolve = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((at: unknown, token) => {
      if (!Object.hasOwn(at as object, token)) throw new Error(`${pointer} leads nowhere`);
      return (at as Record<string, unknown>)[token];
    }, value);

describe('validation', () => {
  test('takes what the grammar makes', () => {
    fc.assert(
      fc.property(program, (value) => {
        expect(validateProgram(value).issues).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('throws at nothing, and points at something that is there', () => {
    const anything = fc.oneof(fc.anything(), fc.jsonValue(), almostProgram);
    fc.assert(
      fc.property(anything, (value) => {
        for (const { pointer, detail } of validateProgram(value).issues) {
          resolve(value, pointer);
          expect(detail.length).toBeGreaterThan(10);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('the schema and the validation say the same of what is almost a program', () => {
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(almostProgram, (value) => {
      const valid = isProgram(value);
      seen[valid ? 'valid' : 'invalid']++;
      expect(fits(value)).toBe(valid);
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(50);
});
