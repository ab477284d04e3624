/**
 * Runs cases over REST and compares their outcomes with CPython's: `npm run test:differential -- --help`.
 *
 * Exit code 0: every case passed in every round.
 */
import { type Options, readOptions, usage } from './options.ts';
import { startCluster } from './own-cluster.ts';
import { sum, type Tally, table } from './report.ts';
import { Service } from './rest.ts';
import { runRound } from './round.ts';

const say = (message: string): void => void process.stderr.write(`${message}\n`);

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exitCode = await run(options);
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}

async function run(options: Options): Promise<number> {
  if (options.url !== undefined) return await runRounds(options.url, options);
  // What was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  say('starting 1 API and 2 workers ...');
  await using cluster = await startCluster(2, say);
  return await Promise.race([runRounds(cluster.url, options), cluster.broken]);
}

async function runRounds(url: string, { topics, rounds, pace, again }: Options): Promise<number> {
  const tallies: Map<string, Tally>[] = [];
  for (let round = 1; round <= rounds; round++)
    tallies.push(await runRound(new Service(url), topics, { title: `round ${round}`, pace, again }));
  console.log(`\n${table(tallies)}`);
  return sum(tallies.flatMap((tally) => [...tally.values()])).failed === 0 ? 0 : 1;
}
