import { expect, it } from 'vitest';
import { Slots } from '../../src/worker/slots.ts';

it('new tasks get what is free and no more', () => {
  const slots = new Slots(3);
  expect([slots.acquireNowait(2), slots.acquireNowait(2), slots.acquireNowait(2)]).toEqual([2, 1, 0]);
});

it('resumed coroutines go before new tasks, in their order', async () => {
  const slots = new Slots(1);
  slots.acquireNowait(1);
  const order: string[] = [];
  const first = slots.acquire().then(() => order.push('first'));
  const second = slots.acquire().then(() => order.push('second'));
  const fresh = slots.waitFree().then(() => order.push('fresh'));
  slots.release();
  await first;
  expect(slots.free).toBe(0);
  slots.release();
  await second;
  slots.release();
  await fresh;
  expect(order).toEqual(['first', 'second', 'fresh']);
});
