/**
 * Adds up what vitest says at its end, and the steps of the gate that failed.
 * Arguments: the log of the tests, then the names of the failed steps.
 */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const [log, ...steps] = process.argv.slice(2);
const text = stripVTControlCharacters(readFileSync(log, 'utf8'));

/** Of ` Tests  2 failed | 48 passed | 1 skipped (51)`; there is such a line for each run of vitest. */
function sum(label, word) {
  const lines = text.split('\n').filter((line) => line.trim().startsWith(`${label}  `));
  const counts = lines.map((line) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0));
  return counts.reduce((total, count) => total + count, 0);
}

const passed = sum('Tests', 'passed');
const skipped = sum('Tests', 'skipped') + sum('Tests', 'todo');
let failed = sum('Tests', 'failed');
// A file that cannot be imported has no test that could fail.
if (failed === 0) failed = sum('Test Files', 'failed');
// A step of tests is counted by its tests, unless it failed without a word of theirs.
const ofTests = ['test', 'containers'];
failed += steps.filter((step) => failed === 0 || !ofTests.includes(step)).length;
if (passed + failed === 0) failed = 1;

for (const line of text.split('\n')) if (/^\s*(Test Files|Tests|Duration) {2}/.test(line)) console.log(line.trim());
if (steps.length > 0) console.log(`failed steps: ${steps.join(', ')}`);
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
process.exitCode = failed === 0 ? 0 : 1;
