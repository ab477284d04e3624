/**
 * `npm run bench -- --help`: measures Corral beside BullMQ and the raw limit of Redis, in one run.
 *
 * Exit code 0: every workload ended, with the right results. A target that is missed is told, and is no failure.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine, machineTold } from './machine.ts';
import { type Options, readOptions, usage } from './options.ts';
import { redisVersion } from './peers/rig.ts';
import { document } from './report/document.ts';
import { plot } from './report/plot.ts';
import type { Report } from './report/report.ts';
import { costs, table } from './report/table.ts';
import type { Row } from './rows.ts';

const docs = join(import.meta.dirname, '../../docs');
const picture = 'benchmarks.svg';

const say = (message: string): void => void process.stderr.write(`${message}\n`);
// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exit(await run(options)); // a run that hung may have left something that waits
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}

async function run({ chosen, json, plotFile, write, ...bench }: Options): Promise<number> {
  const rows: Report['rows'][number][] = [];
  const failures: Report['failures'][number][] = [];
  for (const { name: workload, measure } of chosen) {
    try {
      for await (const row of measure(bench)) rows.push({ workload, ...(bench.quick ? withoutVerdict(row) : row) });
    } catch (error) {
      const { message: reason } = error as Error;
      failures.push({ workload, reason });
      say(`FAILED ${workload}: ${reason}`);
    }
  }
  const workloads = chosen.map(({ name }) => name);
  tell({ machine: machine(await redisVersion()), ...bench, workloads, rows, failures }, { json, plotFile, write });
  return failures.length === 0 ? 0 : 1;
}

function tell(report: Report, { json, plotFile, write }: Pick<Options, 'json' | 'plotFile' | 'write'>): void {
  if (json !== undefined) writeFileSync(json === '-' ? '/dev/stdout' : json, `${JSON.stringify(report, null, 2)}\n`);
  if (plotFile !== undefined) writeFileSync(plotFile, plot(report));
  if (write) {
    writeFileSync(join(docs, picture), plot(report));
    writeFileSync(join(docs, 'benchmarks.md'), document(report, picture));
  }
  if (json === '-') return;
  const { machine, rows, failures, quick, rounds } = report;
  const kind = quick ? 'quick: these figures are worth nothing' : `medians of ${rounds}, min to max`;
  console.log(`\n${machineTold(machine)}; ${kind}\n\n${table(rows)}\n\n${costs(rows)}`);
  for (const { workload, reason } of failures) say(`FAILED ${workload}: ${reason}`);
}

/** Targets are of full sizes. */
function withoutVerdict({ target: _t, goal: _g, verdict: _v, ...row }: Row): Row {
  return row;
}
