/** A round: every case once. */
import { progress } from '../../scripts/progress.ts';
import type { Case } from './case.ts';
import { failure, type Tally } from './report.ts';
import type { Service } from './rest.ts';
import { type Pace, type Result, runAll } from './results.ts';

export interface Round {
  title: string;
  pace: Pace;
  /** For what failed, once more. */
  again: Pace | undefined;
}

/** Tells of failures as they come, and counts for each topic. */
export async function runRound(
  service: Service,
  topics: ReadonlyMap<string, readonly Case[]>,
  round: Round,
): Promise<Map<string, Tally>> {
  const cases = [...topics.values()].flat();
  const shown = progress(round.title);
  const failed: Case[] = [];
  const slow = new Set<Case>();
  let latest: Result | undefined;
  let done = 0;
  await runAll(service, cases, round.pace, (result) => {
    if (!result.passed) {
      failed.push(result.test);
      console.log(failure(result.test, result.got));
    }
    if (latest === undefined || result.overMs > latest.overMs) latest = result;
    shown.update(++done, cases.length, `${failed.length} failed`);
  });
  shown.end();
  if (round.again !== undefined)
    await runAll(service, failed, round.again, ({ test, passed }) => {
      if (passed) slow.add(test);
    });
  for (const { name } of slow) console.log(`SLOW ${name} | passes with a unit of ${round.again?.unit} ms`);
  const missed = failed.length - slow.size;
  console.log(`${round.title}: ${cases.length - missed} passed, ${missed} failed; ${latestWords(latest)}`);
  return new Map([...topics].map(([topic, tests]) => [topic, tallyOf(tests, new Set(failed), slow)]));
}

const latestWords = (result: Result | undefined): string =>
  result === undefined ? '' : `${result.test.name} took ${Math.round(result.overMs)} ms longer than with asyncio`;

function tallyOf(tests: readonly Case[], failed: ReadonlySet<Case>, slow: ReadonlySet<Case>): Tally {
  const count = (wanted: (test: Case) => boolean): number => tests.filter(wanted).length;
  return {
    passed: count((test) => !failed.has(test)),
    slow: count((test) => slow.has(test)),
    failed: count((test) => failed.has(test) && !slow.has(test)),
  };
}
