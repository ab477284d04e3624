import { expect, test } from 'vitest';
import { MemoryDispatch, VirtualClock } from '../../src/testing/index.ts';
import { dispatchConformance } from './dispatch-conformance.ts';

dispatchConformance('MemoryDispatch', async () => new MemoryDispatch({ clock: new VirtualClock() }));

test('a hint can be lost, doubled and late', async () => {
  const fates: Record<string, number[]> = { lost: [], doubled: [0, 0], late: [50], usual: [0] };
  const clock = new VirtualClock();
  const dispatch = new MemoryDispatch({ clock, carry: ([id = '']) => fates[id] ?? [] });
  const hints = Object.keys(fates).map((id) => ({ id, priority: 0 }));
  await dispatch.send(0, hints, 1);
  const taken: string[] = [];
  const free = async () => undefined;
  const take = async (ids: readonly string[]) => void taken.push(...ids);
  const consumption = dispatch.consume(0, { free, take, failed: (error) => expect.fail(String(error)) });
  await clock.advance(49);
  expect(taken).toEqual(['doubled', 'doubled', 'usual']);
  await clock.advance(1);
  expect(taken).toEqual(['doubled', 'doubled', 'usual', 'late']);
  await consumption.stop();
});
