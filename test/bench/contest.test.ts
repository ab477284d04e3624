/** Who runs when, and what becomes of the figures. */
import { expect, test } from 'vitest';
import type { Contender } from './contest.ts';
import { hold } from './contest.ts';

const ran: string[] = [];
const contender = (name: string): Contender => ({
  ...{ name, processes: {}, redis: [], broken: new Promise<never>(() => {}) },
  run: async () => [ran.push(name)],
});

test('C3: another contender begins each time, so that nothing periodic meets the same one', async () => {
  ran.length = 0;
  await hold({ title: 'order', contenders: [contender('A'), contender('B'), contender('C')], rounds: 3, warmUps: 1 });
  expect(ran.join('')).toBe('ABC BCA CAB ABC'.replaceAll(' ', ''));
});

test('a round of many turns has one figure of all of them, and warming up has none', async () => {
  ran.length = 0;
  const turns = {
    many: 3,
    settleMs: 0,
    figuresOf: (samples: readonly number[]) => [Math.min(...samples), samples.length],
  };
  const [a, b] = await hold({
    title: 'turns',
    contenders: [contender('A'), contender('B')],
    rounds: 2,
    warmUps: 1,
    turns,
  });
  expect(ran).toHaveLength(18);
  // The seventh run is the first that counts, of B: three turns have begun with A, B and A.
  expect([a.name, ...a.figures]).toEqual(['A', [8, 3], [13, 3]]);
  expect([b.name, ...b.figures]).toEqual(['B', [7, 3], [14, 3]]);
});
