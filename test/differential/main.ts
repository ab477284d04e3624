/**
 * Runs cases over REST and compares their outcomes with CPython's: `npm run test:differential -- --help`.
 *
 * Exit code 0: every case passed in every round.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, casesByTopic, readCases } from './case.ts';
import { startCluster } from './own-cluster.ts';
import { sum, type Tally, table } from './report.ts';
import { Service } from './rest.ts';
import { runRound } from './round.ts';

const usage = `npm run test:differential -- [options] [file of cases ...]

Without files: all cases in test/differential/cases.

  --url URL        a cluster that runs already; by default one is started: a Redis, one API, two workers
  --rounds N       how often all cases run: 3 by default, 1 with --url
  --unit MS        milliseconds of a unit: 100
  --parallel N     cases at a time: 50
  --again MS       what failed runs once more, 5 at a time, with this longer unit; what passes then is SLOW
  --only TEXT      cases with this in their name`;

const { values, positionals } = parseArgs({
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

const say = (message: string): void => void process.stderr.write(`${message}\n`);

if (values.help) console.log(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  const topics = chosenCases();
  const rounds = amount('rounds', values.rounds ?? (values.url === undefined ? '3' : '1'));
  const pace = { unit: amount('unit', values.unit), parallel: amount('parallel', values.parallel) };
  const again = values.again === undefined ? undefined : { unit: amount('again', values.again), parallel: 5 };
  if (values.url !== undefined) return await runRounds(values.url);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  say('starting 1 API and 2 workers ...');
  const cluster = await startCluster(2, say);
  try {
    return await Promise.race([runRounds(cluster.url), cluster.broken]);
  } finally {
    await cluster.stop();
  }

  async function runRounds(url: string): Promise<number> {
    const tallies: Map<string, Tally>[] = [];
    for (let round = 1; round <= rounds; round++)
      tallies.push(await runRound(new Service(url), topics, { title: `round ${round}`, pace, again }));
    console.log(`\n${table(tallies)}`);
    return sum(tallies.flatMap((tally) => [...tally.values()])).failed === 0 ? 0 : 1;
  }
}

function chosenCases(): Map<string, readonly Case[]> {
  const all =
    positionals.length === 0
      ? casesByTopic
      : new Map(positionals.map((path) => [basename(path, '.jsonl'), readCases(path)]));
  const chosen = [...all].map(
    ([topic, tests]) => [topic, tests.filter(({ name }) => name.includes(values.only))] as const,
  );
  return new Map(chosen.filter(([, tests]) => tests.length > 0));
}

function amount(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} ${text}: a whole number above 0 is needed`);
  return number;
}
