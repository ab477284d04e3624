/** Which scripts Redis may run when its memory is full: those that end work, not those that bring some (H2). */
import { expect, it } from 'vitest';
import { loadScripts } from '../../src/store/scripts.ts';

it('every script says whether it may run when memory is full', () => {
  const scripts = Object.entries(loadScripts(false));
  const flagged = (flags: string): string[] =>
    scripts.flatMap(([name, text]) => (text.startsWith(`#!lua${flags}\n`) ? [name] : []));
  const [refused, allowed, reading] = [flagged(''), flagged(' flags=allow-oom'), flagged(' flags=no-writes')];
  expect(refused.sort()).toEqual(['commit-growing', 'settle-growing', 'stage', 'submit']);
  expect(refused.length + allowed.length + reading.length).toBe(scripts.length);
});
