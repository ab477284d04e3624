/** Cases on one service, a bounded number at a time. */
import { type Case, type Outcome, unitsOf } from './case.ts';
import { sameOutcome } from './outcome.ts';
import type { Service } from './rest.ts';

export interface Pace {
  /** Milliseconds of a unit. */
  unit: number;
  /** Cases at a time. */
  parallel: number;
}

export interface Result {
  test: Case;
  passed: boolean;
  /** What came: an outcome, or what went wrong. */
  got: Outcome | { problem: string };
  /** Milliseconds that it took longer than it would with asyncio. */
  overMs: number;
}

/** Each result as soon as it is there. The long cases come first, so that the end is not a wait for one of them. */
export async function runAll(
  service: Service,
  cases: readonly Case[],
  { unit, parallel }: Pace,
  told: (result: Result) => void,
): Promise<void> {
  const waiting = cases.toSorted((a, b) => unitsOf(b) - unitsOf(a)).values();
  const runInTurn = async (): Promise<void> => {
    for (const test of waiting) told(await resultOf(service, test, unit));
  };
  await Promise.all(Array.from({ length: parallel }, runInTurn));
}

async function resultOf(service: Service, test: Case, unit: number): Promise<Result> {
  const start = performance.now();
  const over = (): number => performance.now() - start - unitsOf(test) * unit;
  try {
    const got = await service.run(test, unit);
    return { test, passed: sameOutcome(test.expect, got), got, overMs: over() };
  } catch (error) {
    return { test, passed: false, got: { problem: words(error as Error) }, overMs: over() };
  }
}

/** What fetch throws has the reason in its cause. */
const words = ({ name, message, cause }: Error): string =>
  `${name}: ${message}${cause instanceof Error ? `: ${cause.message}` : ''}`;
