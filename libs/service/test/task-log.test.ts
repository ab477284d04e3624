/** Lines of the log about tasks. */
import type { Instrument } from '@corral/scheduler';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { combined, taskLog } from '../src/index.ts';

const tree = `t_${'0'.repeat(26)}`;
const task = { id: `${tree}.ABCDEFGHJKMN`, coroutine: 'crawl' };
const names = { task: task.id, tree, coroutine: 'crawl' };

function logOf(level: string) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level, base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { instrument: taskLog(logger), lines };
}

test('name task, tree, coroutine and trace', () => {
  const { instrument, lines } = logOf('debug');
  instrument.taskStarted?.({ ...task, traceId: 'abc', attempt: 1, queuedMs: 1, replayed: false });
  instrument.taskSettled?.({ ...task, state: 'failed', errorType: 'RangeError', ranMs: 12.4 });
  instrument.taskRetried?.({ ...task, errorType: 'RangeError', failures: 1, delayMs: 50 });
  instrument.fenced?.(task);
  expect(lines).toMatchObject([
    { ...names, trace_id: 'abc', attempt: 1, msg: 'task started' },
    { ...names, errorType: 'RangeError', ms: 12, msg: 'task failed' },
    { ...names, errorType: 'RangeError', failures: 1, delayMs: 50, msg: 'attempt failed, another follows' },
    { ...names, msg: 'another worker has taken over' },
  ]);
  expect(lines[1]).not.toHaveProperty('trace_id');
});

test('are not made unless the level asks for them', () => {
  expect(logOf('info').instrument).toEqual({});
});

test('instruments together are all told, in their order', () => {
  const told: string[] = [];
  const one: Instrument = { sessionLost: () => void told.push('one'), fenced: () => void told.push('only') };
  const both = combined(one, { sessionLost: () => void told.push('two') });
  both.sessionLost?.();
  both.fenced?.(task);
  expect(told).toEqual(['one', 'two', 'only']);
  expect(both.fenced).toBe(one.fenced);
  expect(both.swept).toBeUndefined();
});
