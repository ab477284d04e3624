/**
 * `npm run bench -- --help`: measures Corral beside BullMQ and the raw limit of Redis, in one run.
 *
 * Exit code 0: every workload ended, with the right results. A target that is missed is told, and is no failure.
 */
import { writeFileSync } from 'node:fs';
import { machine, machineTold } from './machine.ts';
import { type Options, readOptions, usage } from './options.ts';
import { redisVersion } from './peers/rig.ts';
import { costs, table } from './report/table.ts';
import type { Row } from './rows.ts';

const say = (message: string): void => void process.stderr.write(`${message}\n`);
// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exitCode = await run(options);
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}

async function run({ chosen, json, ...bench }: Options): Promise<number> {
  const rows: Row[] = [];
  const failures: string[] = [];
  for (const { name, measure } of chosen) {
    try {
      for await (const row of measure(bench)) rows.push(bench.quick ? withoutVerdict(row) : row);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
      say(`FAILED ${failures.at(-1)}`);
    }
  }
  const report = { machine: machine(await redisVersion()), ...bench, rows, failures };
  if (json !== undefined) writeFileSync(json === '-' ? '/dev/stdout' : json, `${JSON.stringify(report, null, 2)}\n`);
  if (json !== '-') {
    const kind = bench.quick ? 'quick: these figures are worth nothing' : `medians of ${bench.rounds}, min to max`;
    console.log(`\n${machineTold(report.machine)}; ${kind}\n\n${table(rows)}\n\n${costs(rows)}`);
  }
  for (const failure of failures) say(`FAILED ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

/** Targets are of full sizes. */
function withoutVerdict({ target: _t, goal: _g, verdict: _v, ...row }: Row): Row {
  return row;
}
