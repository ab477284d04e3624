import { expect, it } from 'vitest';
import { decodeEvent, encodeEvent, type TaskEvent } from '../../src/contract/history.ts';

it.each<TaskEvent>([
  { kind: 'settled', op: 0, outcome: { state: 'succeeded', payload: '"a\\nb"' } },
  { kind: 'settled', op: 12, outcome: { state: 'failed', payload: '{"type":"E","message":"\n"}' } },
  { kind: 'step', op: 3, outcome: { state: 'succeeded', payload: '' } },
  { kind: 'group', op: 4, failed: undefined },
  { kind: 'group', op: 4, failed: 0 },
  { kind: 'timer', op: 5 },
  { kind: 'cancel', message: undefined },
  { kind: 'cancel', message: '' },
  { kind: 'cancel', message: 'a\nb' },
  { kind: 'cancel', message: 'm', wave: 'w:1' },
  { kind: 'cancel', message: undefined, wave: 'w:1' },
])('the event %j is the same on the other side', (event) => {
  expect(decodeEvent(encodeEvent(event))).toEqual(event);
});

it('an unknown event is an error and not a guess', () => {
  expect(() => decodeEvent('1\nfuture\nx')).toThrow(TypeError);
});
