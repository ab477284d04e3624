/** How tasks come to a worker: slots that its calls hold, and what becomes of them. */
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/contract/exceptions.ts';
import type { Claim, Next } from '../../src/contract/store.ts';
import { coroutine } from '../../src/index.ts';
import { memoryCluster, VirtualClock } from '../../src/testing/index.ts';
import { Claims } from '../../src/worker/claims.ts';
import { Slots } from '../../src/worker/slots.ts';

const claimsOf = (...ids: string[]): Claim[] => ids.map((id) => ({ id }) as Claim);

function rig(total: number) {
  const slots = new Slots(total);
  const begun: string[] = [];
  const clock = new VirtualClock({ autojump: true });
  const store = { claim: async () => ({ claims: [], hints: [] }) };
  const begin = ({ id }: Claim): void => void begun.push(id);
  const resting: { now: number | undefined; failed: number } = { now: undefined, failed: 0 };
  const naps = { news: () => resting.now, notTold: () => void resting.failed++ };
  const claims = new Claims({
    store,
    clock,
    slots,
    naps,
    begin,
    hinter: { send: () => undefined },
    session: () => 's',
  });
  return { slots, begun, clock, claims, resting };
}

describe('a call that ends tasks', () => {
  it('brings others for all slots that are free, and gives back what it does not use (K1)', async () => {
    const { slots, begun, claims } = rig(5);
    slots.acquireNowait(1);
    let asked: Next | undefined;
    await claims.following('settle', 0, async (next) => {
      asked = next;
      expect(slots.free).toBe(0);
      return { claims: claimsOf('a', 'b') };
    });
    expect(asked).toEqual({ lane: 'settle', session: 's', nonce: '1', max: 4 });
    expect(begun).toEqual(['a', 'b']);
    expect(slots.free).toBe(2);
  });

  it('brings nothing when no slot is free, or the worker stops', async () => {
    const { slots, claims } = rig(1);
    const call = async (next: Next | undefined) => ({ claims: [], next });
    slots.acquireNowait(1);
    expect((await claims.following('settle', 0, call)).next).toBeUndefined();
    slots.release();
    claims.draining = true;
    expect((await claims.following('settle', 0, call)).next).toBeUndefined();
  });

  it('tells how many tasks rest, in each attempt anew, also when it brings nothing', async () => {
    const { slots, clock, claims, resting } = rig(1);
    slots.acquireNowait(1);
    resting.now = 7;
    const told: (Next | undefined)[] = [];
    const answer = claims.following('settle', 0, async (next) => {
      told.push(next);
      if (told.length === 1) throw new StoreUnavailableError('away');
      return { claims: [] };
    });
    await new Promise(setImmediate);
    resting.now = 6;
    clock.setTimer(1000, () => undefined);
    await answer;
    expect(told).toMatchObject([
      { max: 0, resting: 7 },
      { max: 0, resting: 6 },
    ]);
    expect(resting.failed).toBe(1);
  });

  it('holds no slots while the store is away, and asks for the same again; what comes then waits for slots', async () => {
    const { slots, begun, clock, claims } = rig(3);
    const nonces: (string | undefined)[] = [];
    const answer = claims.following('settle', 0, async (next) => {
      nonces.push(next?.nonce);
      if (nonces.length === 1) throw new StoreUnavailableError('away');
      return { claims: claimsOf('a', 'b') };
    });
    await new Promise(setImmediate);
    expect(slots.acquireNowait(3)).toBe(3); // others go on
    clock.setTimer(1000, () => slots.release(1));
    await answer;
    expect(nonces).toEqual(['1', '1']);
    expect(begun).toEqual([]);
    await new Promise<void>((resolve) => clock.setTimer(2000, resolve));
    expect(begun).toEqual(['a']);
    slots.release(1);
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b']);
  });

  it('tells which calls can still bring something', async () => {
    const { claims } = rig(3);
    const open = Promise.withResolvers<{ claims: Claim[] }>();
    const first = claims.following('settle', 0, () => open.promise);
    const { last } = claims;
    expect(claims.areAnswered(last)).toBe(false);
    open.resolve({ claims: [] });
    await first;
    expect(claims.areAnswered(last)).toBe(true);
  });
});

it('W3 a task that has ended holds no slot while its outcome is on the way', async () => {
  const running: number[] = [];
  const one = coroutine('one', async () => 1);
  const settles = Promise.withResolvers<void>();
  let held = true;
  await using cluster = await memoryCluster({
    coroutines: [one],
    workers: 1,
    slots: 1,
    store: {
      around: async (method, call) => {
        if (method === 'settle' && held) {
          held = false;
          running.push(cluster.workers[0]?.statistics().running ?? Number.NaN);
          expect(cluster.workers[0]?.statistics().suspended).toBe(0);
          await settles.promise;
        }
        return await call();
      },
    },
  });
  const { id } = await cluster.client.submit('one', {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(running).toEqual([0]);
  settles.resolve();
  expect(await cluster.client.wait(id, 1000)).toMatchObject({ state: 'succeeded' });
});

describe('a call that suspends tasks', () => {
  it('brings as many, which wait for the slots that those give up, whatever else is free', async () => {
    const { slots, begun, claims } = rig(2);
    slots.acquireNowait(2);
    let asked: Next | undefined;
    await claims.replacing('commit', 0, 1, async (next) => {
      asked = next;
      return { claims: claimsOf('a') };
    });
    expect(asked).toEqual({ lane: 'commit', session: 's', nonce: '1', max: 1 });
    expect(begun).toEqual([]);
    slots.release();
    await new Promise(setImmediate);
    expect(begun).toEqual(['a']);
    expect(slots.free).toBe(0);
  });
});
