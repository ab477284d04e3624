/** docs/reference/redis-keys.md names every key and every field that the scripts use, and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../src/store/lua/', import.meta.url);
const scripts = [folder, new URL('shared/', folder)]
  .flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.endsWith('.lua'))
      .map((name) => readFileSync(new URL(name, place), 'utf8')),
  )
  .join('\n');
const page = readFileSync(new URL('../../../../docs/reference/redis-keys.md', import.meta.url), 'utf8');

const found = (pattern: RegExp, text: string): Set<string> =>
  new Set([...text.matchAll(pattern)].map((match) => match[1] as string));

it('keys', () => {
  const used = found(/\bkey\('([\w-]+)'/g, scripts)
    .union(found(/prefix \.\. '([\w-]+)'/g, scripts))
    .difference(new Set(['test-time']));
  const rows = page.split('\n').filter((line) => line.startsWith('| `') && !line.includes('BullMQ'));
  const named = new Set(rows.flatMap((row) => [...found(/`([\w-]+)[:`]/g, row.split('|')[1] ?? '')]));
  expect([...used].sort()).toEqual([...named].sort());
});

it('fields of a task', () => {
  const listed = /Fields of `task:<id>`: `([^`]*)`/.exec(page)?.[1]?.split(/\s+/) ?? [];
  expect(listed.length).toBeGreaterThan(20);
  // The counts of settled children are written under the name of the state.
  const quoted = found(/'(\w+)'/g, scripts).union(new Set(['succeeded', 'failed', 'cancelled']));
  expect(listed.filter((field) => !quoted.has(field))).toEqual([]);
  const written = found(/'HSET', (?:taskKey|rootKey|key\('task', \w+\)),\s*'(\w+)'/g, scripts);
  expect([...written].filter((field) => !listed.includes(field))).toEqual([]);
});
