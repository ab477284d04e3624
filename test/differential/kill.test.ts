/** Every case on a cluster in memory, of whose workers one dies in the middle. */
import { describe, expect, it } from 'vitest';
import { casesByTopic } from './case.ts';
import { runInMemory } from './memory.ts';
import { sameOutcome } from './outcome.ts';
import { failure } from './report.ts';

/** It takes some seconds until the dead is missed, which must be small against the time between two events. */
const unit = 30_000;

describe.each([...casesByTopic])('with a worker killed: %s', (_, cases) => {
  it.each(cases)('$name', async (test) => {
    const got = await runInMemory(test, { unit, kill: true });
    if (!sameOutcome(test.expect, got)) expect.fail(failure(test, got));
  });
});
