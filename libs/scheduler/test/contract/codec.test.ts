import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, errorValue, toError } from '../../src/contract/codec.ts';
import {
  CancelledError,
  ExceptionGroup,
  RemoteError,
  TimeoutError,
  UnserializableError,
} from '../../src/contract/exceptions.ts';

describe('encode', () => {
  it('gives every JSON value back as it was, whatever its keys are called', () => {
    const keys = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'then', 'toString'));
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
        fc.string({ unit: 'binary' }),
        fc.array(tie('value')),
        fc.array(fc.tuple(keys, tie('value'))).map((entries) => Object.fromEntries(entries)),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('makes undefined null, a Date its text, and an Error what returnExceptions shows', () => {
    expect(encode(undefined)).toBe('null');
    expect(decode(encode({ at: new Date(0), gone: undefined }))).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(decode(encode([new TypeError('bad')]))).toMatchObject([{ error: { type: 'TypeError', message: 'bad' } }]);
  });

  it.each([
    ['a function', { a: [() => 1] }, '/a/0'],
    ['NaN', { a: { b: Number.NaN } }, '/a/b'],
    ['a bigint', [1n], '/0'],
    ['a Map', { m: new Map() }, '/m'],
    ['a Set', new Set([1]), 'the value'],
    ['bytes', { b: new Uint8Array(2) }, '/b'],
    ['a symbol', Symbol('s'), 'the value'],
  ])('refuses %s and names the path', (_, value, path) => {
    expect(() => encode(value)).toThrow(UnserializableError);
    expect(() => encode(value)).toThrow(path);
  });

  it('refuses circles and endless depth', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => encode(circle)).toThrow('/self contains itself');
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => encode(deep)).toThrow('deep');
  });
});

describe('an error that crosses processes', () => {
  it('is the class that users test for where Corral has one', () => {
    expect(toError(errorValue(new CancelledError('stop')))).toBeInstanceOf(CancelledError);
    expect(toError(errorValue(new TimeoutError()))).toBeInstanceOf(TimeoutError);
    const group = toError(errorValue(new ExceptionGroup('two', [new RangeError('a'), new CancelledError('b')])));
    expect(group).toBeInstanceOf(ExceptionGroup);
    expect((group as ExceptionGroup).errors.map((error) => error.name)).toEqual(['RangeError', 'CancelledError']);
  });

  it('keeps name, message, cause, remote stack and origin over several hops', () => {
    const first = new RangeError('too far', { cause: new Error('why') });
    const once = toError(errorValue(first, 'measure t_1')) as RemoteError;
    const twice = toError(errorValue(once, 'caller t_0')) as RemoteError;
    expect(twice).toBeInstanceOf(RemoteError);
    expect([twice.name, twice.message, twice.task, twice.stack]).toEqual([
      'RangeError',
      'too far',
      'measure t_1',
      first.stack,
    ]);
    expect((twice.cause as Error).message).toBe('why');
  });

  it('says what was thrown when it was no Error', () => {
    expect(errorValue({ code: 7 })).toEqual({ type: 'Error', message: '{"code":7}' });
    expect(errorValue('plain')).toEqual({ type: 'Error', message: 'plain' });
  });
});
