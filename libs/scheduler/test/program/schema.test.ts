import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { programSchema } from '../../src/program/schema.ts';
import { defaultProgramLimits } from '../../src/program/validate.ts';
import { cases, isValid } from './cases.ts';

const ajv = new Ajv2020({ allowUnionTypes: true });

test('is a JSON Schema that accepts the recorded programs, and refuses those that are none', () => {
  expect(ajv.validateSchema(programSchema)).toBe(true);
  const fits = ajv.compile(programSchema);
  const accepted = cases.filter(({ program }) => fits(program)).map(({ name }) => name);
  expect(accepted).toEqual(cases.filter(isValid).map(({ name }) => name));
});

test('says what it cannot say', () => {
  for (const limit of Object.values(defaultProgramLimits))
    expect(programSchema['description']).toContain(String(limit));
});

test('every definition is in use', () => {
  const { $defs, ...root } = programSchema as { $defs: Record<string, unknown> };
  for (const name of Object.keys($defs)) expect(JSON.stringify([root, $defs]), name).toContain(`"#/$defs/${name}"`);
});
