/** What `npm run bench` was told. */
import { parseArgs } from 'node:util';
import type { Bench, Workload } from './workload.ts';
import { workloads } from './workloads/index.ts';

export const usage = `npm run bench -- [options]

Measures Corral beside BullMQ and the raw limit of Redis, on a Redis and processes of its own.

  --only NAMES   some of: ${workloads.map(({ name }) => name).join(' ')}
  --rounds N     timed runs of each contender, 5 by default
  --quick        small sizes, two rounds: shows that the benchmark works; its figures are worth nothing
  --json FILE    all figures, for machines; - is standard output
  --plot FILE    ratios to BullMQ, as SVG
  --write        docs/benchmarks.md with its picture; for a full run on an idle machine`;

export interface Options extends Bench {
  chosen: readonly Workload[];
  json: string | undefined;
  plotFile: string | undefined;
  write: boolean;
}

/** Undefined: only the usage is wanted. Throws an error whose message is for the terminal. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a whole number from 1`);
  const chosen = choose(values.only);
  if (values.write && (values.quick || chosen.length < workloads.length))
    throw new Error('--write: the document holds full runs of everything; leave --quick and --only out');
  const { quick, json, plot: plotFile, write } = values;
  return { quick, rounds, chosen, json, plotFile, write };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        plot: { type: 'string' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${usage}`);
  }
}

function choose(only: readonly string[]): readonly Workload[] {
  const names = only.flatMap((text) => text.split(','));
  const unknown = names.filter((wanted) => !workloads.some(({ name }) => name === wanted));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: there is no such workload\n${usage}`);
  return names.length === 0 ? workloads : workloads.filter(({ name }) => names.includes(name));
}
