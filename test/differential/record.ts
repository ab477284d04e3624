/**
 * Records random programs with the outcomes of the reference interpreter, a case a line on standard output:
 *
 *     node test/differential/record.ts --reference ../reference.py --seed 7 --count 500 > test/differential/cases/more.jsonl
 *
 * The same arguments give the same cases.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { headOf } from '../../libs/scheduler/src/program/expression.ts';
import { progress } from '../../scripts/progress.ts';
import { type Case, unitsOf } from './case.ts';
import { walk } from './expressions.ts';
import { isWorthwhile, runs } from './programs.ts';
import { isFair, isSteady, outcomes, type Reference, type Unrecorded } from './reference.ts';

const batch = 100;
const longestUnits = 25;
const plainHeads = new Set(['return', 'raise', 'do', 'list', 'let', 'var', 'log', 'sleep']);

const { values } = parseArgs({
  options: {
    reference: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    python: { type: 'string', default: 'python3' },
    also: { type: 'string', multiple: true, default: [] },
    variants: { type: 'string', default: '100' },
  },
});
if (values.reference === undefined) throw new Error('--reference: the path of reference.py is needed');
const { reference: script, python, also } = values;
const reference: Reference = { script, pythons: [python, ...also], variants: Number(values.variants) };
const [seed, count] = [Number(values.seed), Number(values.count)];

const shown = progress('recording');
let written = 0;
for (let first = 0; written < count; first += batch) {
  for (const test of await outcomes(candidates(first), reference)) {
    if (written === count || unitsOf(test) > longestUnits) continue;
    if (!(await isSteady(test, reference)) || !(await isFair(test, reference))) continue;
    process.stdout.write(`${JSON.stringify(test)}\n`);
    shown.update(++written, count, 'cases');
  }
}
shown.end();

/** The candidates from `first` on, so many as are tried at once and worth it. */
function candidates(first: number): Unrecorded[] {
  const drawn = fc.sample(runs, { seed: seed * 1_000_003 + first, numRuns: batch, unbiased: true });
  return drawn.flatMap((run, index) =>
    isWorthwhile(run.program) ? [{ name: `fuzz-${seed}-${first + index}`, rule: ruleOf(run), ...run }] : [],
  );
}

function ruleOf({ program, cancel }: Pick<Case, 'program' | 'cancel'>): string {
  const heads = new Set(
    [...walk(program)].map(({ expression }) => headOf(expression)).filter((h) => !plainHeads.has(h)),
  );
  return `random: ${[...heads].sort().join(' ')}${cancel === undefined ? '' : ', cancelled from outside'}`;
}
