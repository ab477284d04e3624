/** A line of the table: our figure, those of others in the same rounds, and what was aimed at. */
import type { Runs } from './contest.ts';
import { median, type Spread, spread } from './statistics.ts';

export type Unit = 'tasks/s' | 'ms' | 'bytes';

const longestCallMs = 50;

/** More is better of a rate, less of anything else. */
const isRate = (unit: Unit): boolean => unit.endsWith('/s');

/** How many times as good as another contender, or how much in itself. */
export type Aim = { ratio: number; to: string } | { value: number };

export interface Figure {
  title: string;
  unit: Unit;
  /** Which of the figures of a run. */
  at?: number;
  target?: Aim;
  goal?: Aim;
}

export interface Versus {
  name: string;
  result: Spread;
  /** Above 1: we are better. */
  ratio: number;
}

export interface Row {
  title: string;
  unit: Unit;
  result: Spread;
  versus: Versus[];
  target?: string;
  goal?: string;
  verdict?: 'missed' | 'met' | 'goal met';
  /** What the runs cost. */
  load: string;
}

/** The row of one contender among the others. A ratio is the median of the ratios of each round. */
export function rowOf(
  { title, unit, at = 0, target, goal }: Figure,
  ours: Runs,
  others: readonly Runs[],
  tasks: number,
): Row {
  const samples = (of: Runs): number[] => of.figures.map((figures) => figures[at] ?? Number.NaN);
  const own = samples(ours);
  const versus = others.map((other) => {
    const theirs = samples(other);
    const ratios = own.map((value, i) => {
      const theirsThen = theirs[i] ?? Number.NaN;
      return isRate(unit) ? value / theirsThen : theirsThen / value;
    });
    return { name: other.name, result: spread(theirs), ratio: median(ratios) };
  });
  const row: Row = { title, unit, result: spread(own), versus, load: ours.load.describe(tasks) };
  if (target !== undefined) {
    row.target = told(target, unit);
    row.verdict = reaches(row, target) ? 'met' : 'missed';
  }
  if (goal !== undefined) {
    row.goal = told(goal, unit);
    if (reaches(row, goal)) row.verdict = 'goal met';
  }
  return row;
}

function reaches({ unit, result, versus }: Row, aim: Aim): boolean {
  if ('value' in aim) return isRate(unit) ? result.median >= aim.value : result.median <= aim.value;
  return (versus.find(({ name }) => name === aim.to)?.ratio ?? 0) >= aim.ratio;
}

const told = (aim: Aim, unit: Unit): string =>
  'ratio' in aim ? `${aim.ratio} × ${aim.to}` : `${aim.value.toLocaleString('en')} ${unit}`;

/** No call of Redis may hold up all others for long. */
export function longestCallRow(title: string, { load }: Runs): Row {
  const result = spread(load.longestCalls);
  const verdict = result.max <= longestCallMs ? 'met' : 'missed';
  return { title, unit: 'ms', result, versus: [], target: `never over ${longestCallMs} ms`, verdict, load: '' };
}
