/** Which scripts Redis may run when its memory is full: those that end work, not those that bring some (H2). */
import { expect, it } from 'vitest';
import { loadScripts } from '../../src/store/scripts.ts';

it('every script says whether it may run when memory is full', () => {
  const scripts = Object.entries(loadScripts());
  const flagged = (...flags: string[]): string[] =>
    scripts.flatMap(([name, script]) => (script.flags.join() === flags.join() ? [name] : []));
  const [refused, allowed, reading] = [flagged(), flagged('allow-oom'), flagged('no-writes')];
  expect(refused.sort()).toEqual(['commit-growing', 'settle-growing', 'stage', 'submit']);
  expect(refused.length + allowed.length + reading.length).toBe(scripts.length);
});
