/** Every case on a cluster in memory: as it is, and replayed at every suspension. */
import { describe, expect, it } from 'vitest';
import { casesByTopic, unitsOf } from './case.ts';
import { runInMemory } from './memory.ts';
import { sameOutcome } from './outcome.ts';
import { failure } from './report.ts';

const unit = 100;

describe.each([
  ['live', false],
  ['replayed at every suspension', true],
])('%s', (_, alwaysReplay) => {
  describe.each([...casesByTopic])('%s', (_, cases) => {
    it.each(cases)('$name', async (test) => {
      const { tookMs, ...got } = await runInMemory(test, { unit, alwaysReplay });
      if (!sameOutcome(test.expect, got)) expect.fail(failure(test, got));
      // Time is virtual: what takes longer than with asyncio, or less long, has waited for something else.
      if (test.expect.durationMs !== undefined || test.expect.state === 'invalid')
        expect(Math.abs(tookMs - unitsOf(test) * unit)).toBeLessThan(unit / 10);
    });
  });
});
