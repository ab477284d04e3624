/** docs/reference/program.md says what the grammar says, and its examples do what it says. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { program } from '../../src/program/evaluate.ts';
import type { Expression } from '../../src/program/expression.ts';
import { grammar, isKeyOf, type Kind, listOf, type Part, parts } from '../../src/program/grammar.ts';
import { defaultProgramLimits, validateProgram } from '../../src/program/validate.ts';
import { memoryCluster } from '../../src/testing/index.ts';

const page = readFileSync(new URL('../../../../docs/reference/program.md', import.meta.url), 'utf8');

/** The first cells of the rows of a chapter, without their backquotes. */
const formsOf = (chapter: string): string[] =>
  [...(page.split(`\n## ${chapter}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(/^\| `(.+?)` \|/gm)].map(
    ([, form = '']) => form,
  );

/** Keys as the page writes them: optional ones after a bracket. Options of a task have a place of their own. */
function keysOf({ required, optional }: Part): string[] {
  const own = (keys: Readonly<Record<string, Kind>>, bracket: string) =>
    Object.entries(keys).flatMap(([key, kind]) => [`${bracket}"${key}"`, ...inner(kind)]);
  return [...own(required, ''), ...own(optional, '[')];
}

function inner(kind: Kind): string[] {
  if (kind === 'taskOptions') return [];
  if (isKeyOf(listOf, kind)) return inner(listOf[kind]);
  return isKeyOf(parts, kind) ? keysOf(parts[kind]) : [];
}

test('the table has the heads and keys of the grammar', () => {
  const written = formsOf('Expressions').map((form) => [...form.matchAll(/\[?"\w+"(?=:)/g)].map(([key]) => key).sort());
  expect(written).toEqual(Object.values<Part>(grammar).map((row) => keysOf(row).sort()));
  const heads = formsOf('Expressions').map((form) => /"(\w+)"/.exec(form)?.[1]);
  expect(heads).toEqual(Object.keys(grammar));
});

test('options of a call, and the words of returnWhen, are named', () => {
  for (const key of Object.keys(parts.taskOptions.optional))
    expect(page).toMatch(new RegExp(`\`options\`.*\`${key}\``));
});

test('the limits are those of the code', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)].map(([, name = '', number = '']) => [
    name,
    Number(number.replace(',', '')),
  ]);
  expect(Object.fromEntries(rows)).toEqual(defaultProgramLimits);
});

describe('examples', () => {
  const examples = [...page.matchAll(/```json\n([\s\S]*?)\n```\n(?:\nResult: `(.+)`)?/g)].map(
    ([, text = '', result]) => ({
      expression: JSON.parse(text) as Expression,
      result,
    }),
  );

  test('are programs', () => {
    expect(examples.length).toBeGreaterThan(3);
    for (const { expression } of examples) expect(validateProgram(expression).issues).toEqual([]);
  });

  test.each(examples.filter(({ result }) => result !== undefined))('give what is said: $result', async (example) => {
    await using cluster = await memoryCluster({ coroutines: [] });
    const { result } = await cluster.run(program({ program: example.expression }));
    expect(result).toEqual(JSON.parse(example.result ?? ''));
  });
});
