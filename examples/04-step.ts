/**
 * Step: a side effect that is done once, with its result recorded.
 *
 * When a worker dies, a coroutine that was suspended runs again from its start on another one: operations of the loop
 * give what they gave before. Plain code runs again, so whatever differs from run to run (a clock, a random number) or
 * must not happen twice (an order) belongs into a step.
 *
 *   -d '{"coroutine":"orderCoffee","args":{"cup":"large"}}'
 */
import { randomUUID } from 'node:crypto';
import { coroutine } from '@corral/scheduler';

export const orderCoffee = coroutine('orderCoffee', async (loop, { cup }: { cup: string }) => {
  const order = await loop.step('order', () => ({ number: randomUUID(), at: new Date().toISOString() }));
  loop.progress({ waitingFor: order.number });
  await loop.sleep(500); // kill the worker here: the order keeps its number
  return { cup, ...order };
});
