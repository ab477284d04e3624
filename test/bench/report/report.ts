/** What a run of the benchmark has to tell; `--json` writes it as it is. */
import type { Machine } from '../machine.ts';
import type { Row } from '../rows.ts';

export interface Report {
  machine: Machine;
  quick: boolean;
  rounds: number;
  /** Names of all that were to be measured. */
  workloads: readonly string[];
  rows: readonly (Row & { workload: string })[];
  /** Workloads that hung, or had wrong results, with the reason. */
  failures: readonly { workload: string; reason: string }[];
}
