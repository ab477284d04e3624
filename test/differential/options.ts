/** What `npm run test:differential` was told. */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, casesByTopic, readCases } from './case.ts';
import type { Pace } from './results.ts';

export const usage = `npm run test:differential -- [options] [file of cases ...]

Without files: all cases in test/differential/cases.

  --url URL        a cluster that runs already; by default one is started: a Redis, one API, two workers
  --rounds N       how often all cases run: 3 by default, 1 with --url
  --unit MS        milliseconds of a unit: 100
  --parallel N     cases at a time: 50
  --again MS       what failed runs once more, 5 at a time, with this longer unit; what passes then is SLOW
  --only TEXT      cases with this in their name`;

export interface Options {
  url: string | undefined;
  rounds: number;
  pace: Pace;
  /** For what failed, once more. */
  again: Pace | undefined;
  topics: ReadonlyMap<string, readonly Case[]>;
}

/** Undefined: only the usage is wanted. Throws an error whose message is for the terminal. */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      rounds: { type: 'string' },
      unit: { type: 'string', default: '100' },
      parallel: { type: 'string', default: '50' },
      again: { type: 'string' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const topics = chosenCases(positionals, values.only);
  if (topics.size === 0) throw new Error(`--only ${values.only}: no case has this in its name`);
  return {
    url: values.url,
    rounds: amount('rounds', values.rounds ?? (values.url === undefined ? '3' : '1')),
    pace: { unit: amount('unit', values.unit), parallel: amount('parallel', values.parallel) },
    again: values.again === undefined ? undefined : { unit: amount('again', values.again), parallel: 5 },
    topics,
  };
}

function chosenCases(files: readonly string[], only: string): Map<string, readonly Case[]> {
  const all =
    files.length === 0 ? casesByTopic : files.map((path) => [basename(path, '.jsonl'), readCases(path)] as const);
  const chosen = [...all].map(([topic, tests]) => [topic, tests.filter(({ name }) => name.includes(only))] as const);
  return new Map(chosen.filter(([, tests]) => tests.length > 0));
}

function amount(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} ${text}: a whole number above 0 is needed`);
  return number;
}
