/** What is said about results: a line for each failure, and a table of all. */
import type { Case } from './case.ts';

const longest = 2000;

export function failure({ name, rule, expect }: Case, got: unknown): string {
  const { durationMs: _, ...expected } = expect;
  return `FAIL ${name} | ${rule} | expected ${brief(expected)} | got ${brief(got)}`;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

/** How many cases of a topic passed in a round: at once, when they got more time, not at all. */
export interface Tally {
  passed: number;
  slow: number;
  failed: number;
}

/** A row a topic, a column a round. */
export function table(rounds: readonly ReadonlyMap<string, Tally>[]): string {
  const topics = [...new Set(rounds.flatMap((round) => [...round.keys()]))];
  const rows = [
    ['topic', ...rounds.map((_, index) => `round ${index + 1}`)],
    ...topics.map((topic) => [topic, ...rounds.map((round) => cell(round.get(topic)))]),
    ['all', ...rounds.map((round) => cell(sum([...round.values()])))],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(tally: Tally | undefined): string {
  const words = Object.entries(tally ?? {}).filter(([, count]) => count > 0);
  return words.map(([word, count]) => `${count} ${word}`).join(', ');
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = { passed: 0, slow: 0, failed: 0 };
  for (const { passed, slow, failed } of tallies) {
    total.passed += passed;
    total.slow += slow;
    total.failed += failed;
  }
  return total;
}
