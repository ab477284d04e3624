import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/testing/index.ts';

const day = 24 * 3_600_000;

describe('A virtual clock', () => {
  test('stands still', async () => {
    const clock = new VirtualClock({ start: 1_000 });
    for (let i = 0; i < 10; i++) await clock.drain();
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
  });

  test('goes where it is told', async () => {
    const clock = new VirtualClock({ start: 1_000 });
    await clock.advance(250);
    await clock.advance(0.5);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250.5, 250.5]);
  });

  test('fires timers in the order of time, then in that in which they were set', async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    for (const [ms, name] of [
      [30, 'c'],
      [10, 'a'],
      [20, 'b1'],
      [20, 'b2'],
    ] as const)
      clock.setTimer(ms, () => fired.push(`${name} at ${clock.monotonic()}`));
    await clock.advance(25);
    expect(fired).toEqual(['a at 10', 'b1 at 20', 'b2 at 20']);
    await clock.advance(5);
    expect(fired.at(-1)).toBe('c at 30');
  });

  test('lets the consequences of a timer happen before the next one', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.setTimer(10, () => {
      void Promise.resolve()
        .then(() => clock.drain())
        .then(() => clock.setTimer(5, () => seen.push(`chained at ${clock.monotonic()}`)));
    });
    clock.setTimer(20, () => seen.push(`later at ${clock.monotonic()}`));
    await clock.advance(20);
    expect(seen).toEqual(['chained at 15', 'later at 20']);
  });

  test('does not fire what was cancelled', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const timers = [1, 2, 3].map((ms) => clock.setTimer(ms, () => fired.push(ms)));
    timers[1]?.cancel();
    await clock.advance(5);
    expect(fired).toEqual([1, 3]);
  });

  test('fires what is due already at once, also for a time in the past', async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.setTimer(-5, () => fired.push(clock.monotonic()));
    clock.setTimer(0, () => fired.push(clock.monotonic()));
    await clock.advance(0);
    expect(fired).toEqual([0, 0]);
  });

  test('tells of an error in a timer to who moves it', async () => {
    const clock = new VirtualClock();
    clock.setTimer(1, () => {
      throw new Error('in a timer');
    });
    await expect(clock.advance(1)).rejects.toThrow('in a timer');
  });

  test('drains microtasks, and those that they queue', async () => {
    const clock = new VirtualClock();
    let depth = 0;
    const deeper = async (): Promise<void> => {
      if (++depth < 100) await deeper();
    };
    void Promise.resolve().then(deeper);
    await clock.drain();
    expect(depth).toBe(100);
  });

  test('gives the same bytes for the same seed', () => {
    const bytes = (seed: number) => {
      const clock = new VirtualClock({ seed });
      return [...clock.random(8), ...clock.random(8)];
    };
    expect(bytes(1)).toEqual(bytes(1));
    expect(bytes(1)).not.toEqual(bytes(2));
    expect(new Set(bytes(1)).size).toBeGreaterThan(8);
  });
});

describe('Autojump', () => {
  test('jumps to the next timer when everybody waits', async () => {
    const clock = new VirtualClock({ autojump: true });
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve));
    await Promise.all([sleep(day), sleep(365 * day)]);
    expect(clock.monotonic()).toBe(365 * day);
  });

  test('does not jump while somebody works', async () => {
    const clock = new VirtualClock({ autojump: true });
    let woken = 0;
    clock.setTimer(day, () => {
      woken = clock.monotonic();
    });
    for (let i = 0; i < 50; i++) await clock.drain();
    expect([woken, clock.monotonic()]).toEqual([0, 0]);
    await new Promise<void>((resolve) => clock.setTimer(2 * day, resolve));
    expect(woken).toBe(day);
  });

  test('begins again after a pause, and never goes back', async () => {
    const clock = new VirtualClock({ autojump: true });
    const times: number[] = [];
    for (const ms of [100, 1, 50]) {
      await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
      times.push(clock.monotonic());
      for (let i = 0; i < 10; i++) await clock.drain();
    }
    expect(times).toEqual([100, 101, 151]);
  });

  test('takes the same steps each time', async () => {
    const trace = async (): Promise<string[]> => {
      const clock = new VirtualClock({ autojump: true, seed: 7 });
      const steps: string[] = [];
      const walk = async (name: string): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const ms = (clock.random(1)[0] ?? 0) % 10;
          await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
          steps.push(`${name}${i} ${clock.monotonic()}`);
        }
      };
      await Promise.all([walk('a'), walk('b'), walk('c')]);
      return steps;
    };
    const first = await trace();
    for (let i = 0; i < 5; i++) expect(await trace()).toEqual(first);
  });
});
