/** docs/asyncio.md names everything that a coroutine can call, and nothing that is not there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as surface from '../../src/index.ts';
import { TaskLoop } from '../../src/loop/loop.ts';
import { TaskGroup } from '../../src/loop/taskgroups.ts';
import { Task } from '../../src/loop/tasks.ts';
import { Timeout } from '../../src/loop/timeouts.ts';

const page = readFileSync(new URL('../../../../docs/asyncio.md', import.meta.url), 'utf8');
const ours = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .flatMap((line) => [...(line.split(/(?<!\\)\|/)[2] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] as string));

const methods = (type: { prototype: object }, hidden: string[] = []): string[] =>
  Object.getOwnPropertyNames(type.prototype).filter(
    (name) => !['constructor', 'strike', 'then', ...hidden].includes(name),
  );

it.each([
  ['loop', methods(TaskLoop)],
  ['task', [...methods(Task), 'id', 'name']],
  ['timeout', methods(Timeout, ['enter', 'exit'])],
  ['group', methods(TaskGroup, ['exit'])],
])('%s', (owner, names) => {
  const named = ours.filter((name) => name.startsWith(`${owner}.`)).map((name) => name.slice(owner.length + 1));
  expect([...new Set(named)].sort()).toEqual([...names].sort());
});

it('names without an owner are exported', () => {
  const named = ours.filter((name) => /^\w+$/.test(name));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in surface))).toEqual([]);
});
