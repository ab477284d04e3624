/** What the benchmark makes of figures: ratios, verdicts, table, picture, document. */
import { describe, expect, test } from 'vitest';
import type { Runs } from './contest.ts';
import { checkInOrder, items } from './items.ts';
import { document } from './report/document.ts';
import { plot } from './report/plot.ts';
import type { Report } from './report/report.ts';
import { table } from './report/table.ts';
import { type Figure, type Row, rowOf } from './rows.ts';
import { median, quantile } from './statistics.ts';

const runs = (name: string, ...samples: number[]): Runs => ({
  ...{ name, figures: samples.map((sample) => [sample]) },
  load: { describe: (tasks: number) => `cost of ${tasks}` } as Runs['load'],
});

const row = (figure: Partial<Figure>, ours: number[], theirs: number[]): Row =>
  rowOf({ title: 'work', unit: 'tasks/s', ...figure }, runs('Corral', ...ours), [runs('BullMQ', ...theirs)], 7);

test('a median is the one in the middle, or between the two that are', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  expect([quantile([5, 1, 3, 2, 4], 0.5), quantile([1, 2], 0.99)]).toEqual([3, 2]);
});

test('results that are missing, wrong or out of order are an error', () => {
  const right = items(3);
  expect(() => checkInOrder(right, 3)).not.toThrow();
  expect(() => checkInOrder(right.slice(1), 3)).toThrow('2 results of 3');
  expect(() => checkInOrder(right.toReversed(), 3)).toThrow('result 0 is');
  expect(() => checkInOrder(Object.assign([], { length: 3 }), 3)).toThrow('result 0 is undefined');
});

describe('a ratio', () => {
  test('is above 1 when we are better: more a second, or less of anything else', () => {
    expect(row({}, [200], [100]).versus[0]?.ratio).toBe(2);
    expect(row({ unit: 'ms' }, [200], [100]).versus[0]?.ratio).toBe(0.5);
    expect(row({ unit: 'bytes' }, [100], [200]).versus[0]?.ratio).toBe(2);
  });

  test('is the median of those of each round, so that a slow minute harms both', () => {
    expect(row({}, [200, 20, 210], [100, 10, 100]).versus[0]?.ratio).toBe(2);
  });
});

describe('a verdict', () => {
  const verdict = (figure: Partial<Figure>, ours: number, theirs = 100) => row(figure, [ours], [theirs]).verdict;

  test('is by ratio or by value, in the direction of the unit', () => {
    const target = { ratio: 8, to: 'BullMQ' };
    expect([verdict({ target }, 800), verdict({ target }, 799)]).toEqual(['met', 'missed']);
    expect([verdict({ target: { value: 50 } }, 50), verdict({ target: { value: 50 } }, 49)]).toEqual(['met', 'missed']);
    const ms = { unit: 'ms', target: { value: 50 } } as const;
    expect([verdict(ms, 50), verdict(ms, 51)]).toEqual(['met', 'missed']);
  });

  test('tells when the goal beyond the target is met, and none where nothing was aimed at', () => {
    expect(verdict({ target: { value: 10 }, goal: { value: 20 } }, 20)).toBe('goal met');
    expect(verdict({}, 20)).toBeUndefined();
  });
});

describe('the report', () => {
  const rows = [row({ title: 'a < b', target: { value: 1 } }, [200], [100]), row({ title: 'slow' }, [50], [100])];
  const report: Report = {
    machine: { cpu: 'Some CPU', cores: 2, memoryGiB: 4, platform: 'linux x64', node: '24', redis: '7' },
    ...{ quick: false, rounds: 5, workloads: ['work', 'other'] },
    rows: rows.map((each) => ({ workload: 'work', ...each })),
    failures: [{ workload: 'other', reason: 'it hung' }],
  };

  test('is a table with a line for each row, all equally long', () => {
    const lines = table(rows).split('\n');
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines[2]).toMatch(/a < b .* 200 tasks\/s .* 100 .* 2.00 × .* met/);
  });

  test('is a picture with a bar for each row, of which the slow one goes to the left', () => {
    const svg = plot(report);
    expect(svg).toContain('a &lt; b');
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" .*? height="16"/g)].map(([, x]) => Number(x));
    expect(bars).toHaveLength(2);
    expect(bars[1]).toBeLessThan(bars[0] ?? 0);
  });

  test('is a document that names the machine, what failed and what was not measured', () => {
    const text = document(report, 'picture.svg');
    for (const part of [
      'Some CPU',
      'cost of 7',
      '`other` failed in this run: it hung',
      '## Not measured',
      'picture.svg',
    ])
      expect(text).toContain(part);
  });
});
