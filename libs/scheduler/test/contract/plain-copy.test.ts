import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../../src/contract/codec.ts';
import { PlainCopies } from '../../src/contract/plain-copy.ts';

const keys = fc.oneof(fc.string(), fc.constantFrom('then', '0')).filter((key) => !(key in Object.prototype));
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, undefined),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value')),
    fc.array(fc.tuple(keys, tie('value'))).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** Makes all that can be reached something else. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  for (const key of Object.keys(value)) Object.assign(value, { [key]: 'spoilt' });
  Object.assign(value, { more: 1 });
  if (Array.isArray(value)) value.push('more');
}

const copyOf = (value: unknown, bytes: number): unknown => new PlainCopies(bytes).of(value);

describe('copies of plain data', () => {
  it('keep what the value was, and leave it as it is', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const text = encode(value);
        const copy = copyOf(value, 1e9);
        expect(encode(value)).toBe(text);
        spoil(value);
        expect(copy).toBeDefined();
        expect(JSON.stringify(copy)).toBe(text);
      }),
    );
  });

  it('have no more bytes than are allowed', () => {
    fc.assert(
      fc.property(plain, fc.nat({ max: 300 }), (value, bytes) => {
        if (copyOf(value, bytes) !== undefined) expect(Buffer.byteLength(encode(value))).toBeLessThanOrEqual(bytes);
      }),
    );
    expect(copyOf('\u0000'.repeat(10), 62)).toBeDefined();
    expect(copyOf('\u0000'.repeat(10), 61)).toBeUndefined();
  });

  const circle: unknown[] = [];
  circle.push({ circle });
  class Point {
    x = 1;
  }
  class Points extends Array<number> {}
  it.each([
    ['a date', new Date(0)],
    ['an error', [new TypeError('bad')]],
    ['an object of a class', { at: new Point() }],
    ['an array of a class', new Points()],
    ['what says itself what it is', { toJSON: () => 1 }],
    ['an array that does', Object.defineProperty([1], 'toJSON', { value: () => 1 })],
    ['a boxed value', [Object('text')]],
    ['a Map', { m: new Map() }],
    ['bytes', new Uint8Array(2)],
    ['a function', { a: () => 1 }],
    ['a symbol', Symbol('s')],
    ['a bigint', [1n]],
    ['NaN', { a: Number.NaN }],
    ['an infinite number', Number.POSITIVE_INFINITY],
    ['what has a key of all objects', { constructor: 1 }],
    ['what has that of the prototype', JSON.parse('{ "__proto__": {} }')],
    ['a circle', circle],
    ['a list without end', Array(2 ** 32 - 1)],
  ])('are not made of %s', (_, value) => {
    expect(copyOf(value, 1e6)).toBeUndefined();
  });

  it('have nothing that is inherited', () => {
    Object.assign(Object.prototype, { inherited: {} });
    try {
      expect(copyOf({ own: 1 }, 1e6)).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Object.prototype, 'inherited');
    }
  });
});
