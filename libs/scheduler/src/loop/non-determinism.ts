/** The NonDeterminismError of an operation, on one screen: what was recorded, what came, where, why, and what to do. */
import { NonDeterminismError } from '../contract/exceptions.ts';

type Start = readonly ['start', kind: string, detail: string];

/** Recorded operations that are shown before the one in question. */
const shownBefore = 3;
/** The folder of the runtime: its lines are not the coroutine's. */
const own = new URL('..', import.meta.url).pathname;

export function nonDeterminism(
  coroutine: string,
  op: number,
  starts: readonly Start[],
  actual: { kind: string; detail: string },
): NonDeterminismError {
  const expected = starts[op] as Start;
  const before = starts.slice(Math.max(0, op - shownBefore), op).map(([, kind, detail]) => `${kind}(${detail})`);
  const error = new NonDeterminismError('');
  const line = lineOf(error.stack ?? '');
  error.message = [
    `operation ${op} of ${coroutine} was ${expected[1]}(${expected[2]}) when it ran before, and is ` +
      `${actual.kind}(${actual.detail}) in replay.`,
    `  expected: ${expected[1]}(${expected[2]})${before.length === 0 ? '' : `, after ${before.join(', ')}`}`,
    `  actual:   ${actual.kind}(${actual.detail})${line === undefined ? '' : `, begun ${line}`}`,
    'Usual causes: the code was changed while the task was on its way; a branch depends on a clock, on randomness, on I/O ' +
      'or on a variable outside of the coroutine.',
    'The fix: use loop.now, loop.random and loop.step, which are recorded; give a changed coroutine another name, or let ' +
      'the tasks that are on their way end first.',
  ].join('\n');
  return error;
}

/** The first line of the stack that is not of the runtime: `at <place>`. */
function lineOf(stack: string): string | undefined {
  return stack
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line.startsWith('at ') && !line.includes(own) && !line.includes('node:'));
}
