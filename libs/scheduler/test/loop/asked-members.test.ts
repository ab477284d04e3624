import { afterEach, describe, expect, it, vi } from 'vitest';
import { PayloadTooLargeError, UnserializableError } from '../../src/contract/exceptions.ts';
import { coroutine } from '../../src/index.ts';
import { AskedMembers } from '../../src/loop/asked-members.ts';

const echo = coroutine('echo', async (_loop, value: unknown) => value);
const membersOf = (values: readonly unknown[], bytes = 1000): AskedMembers =>
  new AskedMembers(
    values.map((value) => echo(value)),
    '{}',
    bytes,
  );
const argsOf = (members: AskedMembers): string[] => Array.from(members, ({ args }) => args);

describe('members of a gather', () => {
  afterEach(() => vi.restoreAllMocks());

  it('are what the arguments were at the call', () => {
    const values = [{ list: [1] }, { at: new Date(0) }, 'text', undefined];
    const members = membersOf(values);
    (values[0] as { list: number[] }).list.push(2);
    (values[1] as { at: Date }).at.setTime(1);
    expect(argsOf(members)).toEqual(['{"list":[1]}', '{"at":"1970-01-01T00:00:00.000Z"}', '"text"', 'null']);
  });

  it('give the same again', () => {
    const members = membersOf([1, new Date(0)]);
    expect([...members]).toEqual([...members]);
    expect([...members][0]).toEqual({ coroutine: 'echo', args: '1', options: '{}' });
  });

  it('have their texts made one by one, as they are looked at', () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    const looked = membersOf([[0], [1], [2]])[Symbol.iterator]();
    expect(stringify).toHaveBeenCalledTimes(0);
    expect(looked.next().value?.args).toBe('[0]');
    expect(stringify).toHaveBeenCalledTimes(1);
  });

  it('are refused at the call', () => {
    expect(() => membersOf([1, { f: () => 1 }])).toThrow(UnserializableError);
    expect(() => membersOf([1, 'x'.repeat(1000)])).toThrow(PayloadTooLargeError);
    expect(argsOf(membersOf(['x'.repeat(998)]))).toHaveLength(1); // as much as may be, more than a copy counts on
  });
});
