/** How much goes to the store in one call. */
import { expect, it } from 'vitest';
import { GroupCommit } from '../../src/contract/group-commit.ts';
import type { Settlement } from '../../src/contract/store.ts';
import { VirtualClock } from '../../src/testing/index.ts';
import { itemsOfSettlement } from '../../src/worker/sizes.ts';

const record = { id: 'r' } as Settlement;
const member = { id: 'r:1.0', member: { group: 'r:1', index: '0' } } as Settlement;

it.each([
  { what: 'tasks with records of their own', settlements: Array<Settlement>(100).fill(record), calls: [50, 50] },
  { what: 'members of a gather', settlements: Array<Settlement>(250).fill(member), calls: [200, 50] },
])('settles $what $calls.0 at a time, so that others get between', async ({ settlements, calls }) => {
  const sizes: number[] = [];
  const send = async (_: number, some: readonly Settlement[]): Promise<Settlement[]> => {
    sizes.push(some.length);
    return [...some];
  };
  const commit = new GroupCommit(new VirtualClock(), send, { itemsOf: itemsOfSettlement });
  await commit.addAll(0, settlements);
  expect(sizes).toEqual(calls);
});
