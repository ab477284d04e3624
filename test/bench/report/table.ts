/** Rows as a table: markdown, padded so that it is read in a terminal as well. */
import type { Row, Versus } from '../rows.ts';
import type { Spread } from '../statistics.ts';
import { amount } from './amount.ts';

const heads = ['work', 'Corral', 'spread', 'BullMQ', 'ratio', 'raw limit', 'ratio', 'target', '', 'goal'];

export function table(rows: readonly Row[]): string {
  const lines = [heads, heads.map(() => ''), ...rows.map(cells)];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line, i) => {
      const padded = widths.map((width, column) => {
        if (i === 1) return column === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(1, width - 1))}:`;
        const cell = line[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      });
      return `| ${padded.join(' | ')} |`;
    })
    .join('\n');
}

function cells({ title, unit, result, versus, target, goal, verdict }: Row): string[] {
  const against = (name: string): string[] => {
    const other = versus.find((each) => each.name === name);
    return other === undefined ? ['', ''] : [amount(other.result.median), `${other.ratio.toPrecision(3)} ×`];
  };
  const own = `${amount(result.median)} ${unit}`;
  return [
    ...[title, own, range(result), ...against('BullMQ'), ...against('raw limit')],
    ...[target ?? '', verdict ?? '', goal ?? ''],
  ];
}

const range = ({ min, max }: Spread): string => `${amount(min)} to ${amount(max)}`;

/** What each row cost, and so what stands in its way; and what it was compared with besides. */
export const costs = (rows: readonly Row[]): string =>
  rows
    .filter(({ load }) => load !== '')
    .map(({ title, load, versus }) => `- ${title}: ${[...versus.filter(hasNoColumn).map(told), load].join('; ')}`)
    .join('\n');

const hasNoColumn = ({ name }: Versus): boolean => !heads.includes(name);
const told = ({ name, ratio }: Versus): string => `${ratio.toPrecision(3)} × ${name}`;
