import { expect, it } from 'vitest';
import { VirtualClock } from '../../src/testing/index.ts';
import { Intake } from '../../src/worker/intake.ts';
import { Slots } from '../../src/worker/slots.ts';

function intake(total: number) {
  const clock = new VirtualClock({ autojump: true });
  const slots = new Slots(total);
  const claims: [ids: string, slots: number, at: number][] = [];
  const began = clock.monotonic();
  const claim = async (_: number, ids: readonly string[], count: number): Promise<void> => {
    claims.push([ids.join(''), count, clock.monotonic() - began]);
  };
  return { clock, slots, claims, intake: new Intake({ clock, slots, claim }) };
}

it('claims as many as there are slots, and the others as slots become free', async () => {
  const { slots, claims, intake: batches, clock } = intake(2);
  const taken = batches.take(0, ['a', 'b', 'c', 'd']);
  clock.setTimer(5, () => slots.release(1));
  clock.setTimer(6, () => slots.release(1));
  await taken;
  expect(claims).toEqual([
    ['ab', 2, 0],
    ['c', 1, 5],
    ['d', 1, 6],
  ]);
});

it('gives back what finds no slot for 20 ms', async () => {
  const { claims, intake: batches } = intake(1);
  await batches.take(0, ['a', 'b', 'c']);
  expect(claims).toEqual([
    ['a', 1, 0],
    ['bc', 0, 20],
  ]);
});

it('wants no other batch while one waits', async () => {
  const { slots, intake: batches, clock } = intake(1);
  const order: string[] = [];
  const taken = batches.take(0, ['a', 'b']).then(() => order.push('taken'));
  const free = batches.free().then(() => order.push('free'));
  clock.setTimer(5, () => slots.release(1)); // b gets it
  clock.setTimer(50, () => slots.release(1));
  await Promise.all([taken, free]);
  expect(order).toEqual(['taken', 'free']);
});
