/** The reference pages say what the code says: neither more nor less. */
import { readFileSync } from 'node:fs';
import * as scheduler from '@corral/scheduler';
import { expect, test } from 'vitest';
import { problemTypes } from '../src/problem/problem-types.ts';
import { boot } from './boot.ts';

const page = (name: string): string =>
  readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8');

/** Rows of the tables whose first cell is code, as lists of cells. */
const rowsOf = (chapter: string): string[][] =>
  [...chapter.matchAll(/^\| (`.+) \|$/gm)].map(([, row = '']) => row.split(' | '));

type ErrorClass = new (message: string, errors: Error[]) => Error & { code: string };

const [problems = '', errors = ''] = page('errors.md').split('\n## Errors of tasks\n');

test('errors.md lists the problem types', () => {
  const types = Object.entries(problemTypes);
  const rows = types.map(([type, { status, title, detail }]) => [`\`${type}\``, String(status), title, detail]);
  expect(rowsOf(problems)).toEqual(rows);
});

test('errors.md lists the error classes that the scheduler exports', () => {
  const isErrorClass = (value: unknown): value is ErrorClass =>
    typeof value === 'function' && value.prototype instanceof Error;
  const classes = (Object.values(scheduler) as unknown[]).filter(isErrorClass);
  const rows = classes.map((type) => [`\`${type.name}\``, `\`${new type('', []).code}\``]);
  const listed = rowsOf(errors).map(([name, code]) => [name, code]);
  expect(listed.sort()).toEqual(rows.sort());
});

test('rest.md lists the routes', async () => {
  const { app } = await boot();
  const { paths } = (await app.inject('/openapi.json')).json();
  const served = Object.entries<object>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const listed = [...page('rest.md').matchAll(/^### `([A-Z]+ .+)`$/gm)].map(([, route]) => route);
  expect(listed.sort()).toEqual(served.sort());
});

test('rest.md lists the fields of a task', async () => {
  const { app } = await boot();
  const { components } = (await app.inject('/openapi.json')).json();
  const table = page('rest.md').split('### `POST /v1/tasks`')[0] ?? '';
  const listed = rowsOf(table).flatMap(([names = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(listed.sort()).toEqual(Object.keys(components.schemas.Task.properties).sort());
});
