/** Work that is measured: one file each in workloads/. */
import type { Row } from './rows.ts';

export interface Bench {
  /** Small sizes and few rounds: shows that the benchmark works, and nothing else. */
  quick: boolean;
  /** Timed ones; never fewer than it takes for a median, unless quick. */
  rounds: number;
}

/** Where a round takes a few seconds: so many times the rounds, for a median that one bad moment of the machine does not move. */
export const ofShortRuns = 3;

export interface Workload {
  /** Of `--only`. */
  name: string;
  /** Rows come as they are done, so that what hangs takes no other row along. */
  measure(bench: Bench): AsyncIterable<Row>;
}

/** Tasks a second, when doing so many of them took as long as this does. */
export async function rate(tasks: number, work: () => Promise<void>): Promise<[number]> {
  const began = performance.now();
  await work();
  return [(tasks / (performance.now() - began)) * 1000];
}

/** How many milliseconds it takes. */
export async function duration(work: () => Promise<void>): Promise<[number]> {
  const began = performance.now();
  await work();
  return [performance.now() - began];
}

/** @throws Error when a run answers something else than it must */
export function check(what: string, answer: unknown, wanted: unknown): void {
  if (answer !== wanted) throw new Error(`${what}: ${JSON.stringify(answer)} instead of ${JSON.stringify(wanted)}`);
}
