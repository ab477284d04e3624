/** Programs by the grammar itself: whatever it allows, and small faults put into them. */
import fc from 'fast-check';
import {
  grammar,
  isKeyOf,
  type Kind,
  listOf,
  mayReraise,
  type Part,
  parts,
  programCall,
  reraiseWithin,
} from '../../src/program/grammar.ts';
import type { ValueKind } from '../../src/program/value-kinds.ts';

const specialWord = fc.constantFrom('__proto__', 'constructor', 'prototype', 'then', 'toJSON', 'hasOwnProperty');
const name = fc.oneof(fc.constantFrom('a', 'b', '_', 'T1', 'ExceptionX'), specialWord);
const word = fc.oneof(fc.string(), specialWord);
const duration = fc.oneof(fc.nat(1000), fc.double({ min: 0, max: 1e9, noNaN: true }));
const object = fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });

const values: Readonly<Record<ValueKind, fc.Arbitrary<unknown>>> = {
  literal: fc.oneof(fc.jsonValue({ maxDepth: 3 }), object),
  object,
  string: word,
  boolean: fc.boolean(),
  true: fc.constant(true),
  name,
  coroutine: name,
  label: fc.string({ minLength: 1, maxLength: 200 }),
  priority: fc.nat(1_000_000),
  duration,
  limit: fc.option(duration),
  returnWhen: fc.constantFrom('FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'),
  errorType: name,
  retriedType: name,
  attempts: fc.integer({ min: 1, max: 1_000_000 }),
  factor: fc.double({ min: 1, max: 1_000, noNaN: true }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  raisedType: name,
  caughtType: fc.oneof(name, fc.constantFrom('*', 'Exception', 'ExceptionGroup')),
};

/** An expression at most `depth` deep. */
function expression(depth: number, inHandler: boolean): fc.Arbitrary<unknown> {
  const leaves = ['return', 'sleep', 'await', 'var', 'log', 'wait', 'cancel'] as const;
  const heads = depth > 1 ? Object.keys(grammar) : [...leaves, ...(inHandler ? ['reraise'] : [])];
  return fc
    .constantFrom(...heads.filter((head) => inHandler || head !== 'reraise'), 'callProgram')
    .filter((head) => depth > 1 || head !== 'callProgram')
    .chain((head) => {
      const row: Part = isKeyOf(grammar, head) ? grammar[head] : programCall;
      if (head === 'callProgram') return keys(row, depth, inHandler).map((value) => ({ ...value, call: 'program' }));
      if (head !== 'try') return keys(row, depth, inHandler);
      return keys({ ...row, required: { ...row.required, except: 'handlers' } }, depth, inHandler);
    });
}

const keys = ({ required, optional }: Part, depth: number, inHandler: boolean): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(
      Object.entries({ ...required, ...optional }).map(([key, kind]) => [key, ofKind(kind, depth, inHandler)]),
    ),
    { requiredKeys: Object.keys(required) },
  );

function ofKind(kind: Kind, depth: number, inHandler: boolean): fc.Arbitrary<unknown> {
  if (isKeyOf(reraiseWithin, kind)) return expression(depth - 1, mayReraise(kind, inHandler));
  if (isKeyOf(listOf, kind)) return fc.array(ofKind(listOf[kind], depth, inHandler), { maxLength: 3 });
  return isKeyOf(parts, kind) ? keys(parts[kind], depth, inHandler) : values[kind];
}

export const program: fc.Arbitrary<unknown> = fc.integer({ min: 1, max: 4 }).chain((depth) => expression(depth, false));

const otherKey = fc.oneof(word, fc.constantFrom(...Object.keys(grammar), 'as', 'type', 'timeout', 'args', 'program'));
const otherValue = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(-1, '', 'a b', [], {}, { return: 1 }));

/** A JSON value one step from `program`: a value replaced, or a key put in, taken out or renamed, somewhere in it. */
export const almostProgram: fc.Arbitrary<unknown> = fc
  .tuple(program, fc.nat(), fc.constantFrom('replace', 'add', 'remove', 'rename'), otherKey, otherValue)
  .map(([value, place, change, key, other]) => {
    const places = placesIn(value);
    const at = places[place % places.length];
    return at === undefined ? other : changed(value, at, change, key, other);
  });

type Path = readonly (string | number)[];

function placesIn(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [[key], ...placesIn(member).map((rest) => [key, ...rest])]);
}

function changed(value: unknown, [key = '', ...rest]: Path, change: string, newKey: string, other: unknown): unknown {
  const entries = Object.entries(value as object);
  const result = entries.flatMap(([each, member]): [string, unknown][] => {
    if (each !== key) return [[each, member]];
    if (rest.length > 0) return [[each, changed(member, rest, change, newKey, other)]];
    if (change === 'remove') return [];
    if (change === 'rename') return [[newKey, member]];
    return change === 'replace'
      ? [[each, other]]
      : [
          [each, member],
          [newKey, other],
        ];
  });
  return Array.isArray(value) ? result.map(([, member]) => member) : Object.fromEntries(result);
}
