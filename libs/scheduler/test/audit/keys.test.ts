/** The auditor knows every key that docs/reference/redis-keys.md names: what it does not know it would call damage. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { shapes } from '../../src/audit/snapshot.ts';

it('each kind of key has a shape', () => {
  const page = readFileSync(new URL('../../../../docs/reference/redis-keys.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `') && !line.includes('BullMQ'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([\w-]+)[:`]/g)].map((match) => match[1]),
  );
  expect(Object.keys(shapes).sort()).toEqual([...new Set([...named, 'test-time'])].sort());
});
