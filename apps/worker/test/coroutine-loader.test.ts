import { describe, expect, test } from 'vitest';
import { folderOf, load, loadAfter } from './coroutine-files.ts';

const define = (name: string, result: string): string =>
  `import { coroutine } from '@corral/scheduler';\nexport const it = coroutine('${name}', async () => ${result});\n`;

describe('what is loaded', () => {
  test('every .ts, .mts, .js and .mjs file, and nothing else', async () => {
    const folder = folderOf({
      'one.ts': define('one', '1 as number'),
      'two.mts': define('two', '2 as number'),
      'three.js': define('three', '3'),
      'four.mjs': define('four', '4'),
      'types.d.ts': 'export type A = 1;',
      'one.test.ts': 'throw new Error("a test was loaded");',
      '.hidden.ts': 'throw new Error("a hidden file was loaded");',
      'notes.txt': 'not code',
      'data.json': '{',
      'deeper/five.ts': 'throw new Error("a file in a deeper folder was loaded");',
    });
    const { results } = await load(folder);
    expect(results).toEqual({ shipped: 'shipped', main: 'shipped', one: 1, two: 2, three: 3, four: 4 });
  });

  test('all exported coroutines of a file, the default one too, each once', async () => {
    const folder = folderOf({
      'several.ts': `
        import { coroutine } from '@corral/scheduler';
        export const a = coroutine('a', () => 1);
        const b = coroutine('b', () => 2);
        coroutine('not-exported', () => 3);
        export { b, b as again };
        export default coroutine('c', () => 4);
        export const limit = 5;
        export function plain() {}`,
    });
    const { results } = await load(folder);
    expect(results).toMatchObject({ a: 1, b: 2, c: 4 });
    expect(results).not.toHaveProperty('not-exported');
  });

  test('several folders; a coroutine may be exported again from another one', async () => {
    const first = folderOf({ 'a.ts': define('a', '1') });
    const second = folderOf({ 'again.ts': `export * from '${first}/a.ts';` });
    expect((await load(first, second)).results).toMatchObject({ a: 1 });
  });

  test('a file takes the place of a shipped coroutine, and a warning says so', async () => {
    const { results, warnings } = await load(folderOf({ 'mine.ts': define('main', "'mine'") }));
    expect(results).toMatchObject({ main: 'mine' });
    expect(warnings).toEqual(['<0>/mine.ts: main takes the place of the shipped coroutine']);
  });

  test('a file without coroutines is warned about, unless another one imports it', async () => {
    const folder = folderOf({
      'a.ts': `import { x } from './imported.ts';\n${define('a', 'x')}`,
      'imported.ts': 'export const x = 1;',
      'alone.ts': 'export const y = 1;',
    });
    expect((await load(folder)).warnings).toEqual(['<0>/alone.ts: exports no coroutine']);
  });
});

describe('imports of files outside the project', () => {
  test('@corral/scheduler and zod come from the worker', async () => {
    const folder = folderOf({
      'a.ts': `
        import { coroutine, CancelledError, type Loop } from '@corral/scheduler';
        import { z } from 'zod';
        export const a = coroutine('a', async (_loop: Loop) => [typeof CancelledError, z.string().parse('zod')]);`,
    });
    expect((await load(folder)).results).toMatchObject({ a: ['function', 'zod'] });
  });

  test('a package beside the files goes before that of the worker, but never for @corral/scheduler', async () => {
    const folder = folderOf({
      'node_modules/zod/package.json': '{ "name": "zod", "type": "module", "main": "index.js" }',
      'node_modules/zod/index.js': 'export const z = "my own zod";',
      'node_modules/@corral/scheduler/package.json':
        '{ "name": "@corral/scheduler", "type": "module", "main": "i.js" }',
      'node_modules/@corral/scheduler/i.js': 'throw new Error("another scheduler was loaded");',
      'a.ts': `import { z } from 'zod';\n${define('a', 'z')}`,
    });
    expect((await load(folder)).results).toMatchObject({ a: 'my own zod' });
  });

  test('without an ending, with that of the build, of a folder, and from helpers again', async () => {
    const folder = folderOf({
      'a.ts': `import { h } from './lib/helper';\nimport { g } from './lib/other.js';\n${define('a', '[h, g]')}`,
      'lib/helper.ts': `import { deep } from './deep';\nexport const h = deep;`,
      'lib/other.ts': `import { coroutine } from '@corral/scheduler';\nexport const g = typeof coroutine;`,
      'lib/deep/index.ts': `export const deep = 'deep';`,
    });
    expect((await load(folder)).results).toMatchObject({ a: ['deep', 'function'] });
  });

  test('a file that is there is not replaced by one with another ending', async () => {
    const folder = folderOf({
      'a.ts': `import { h } from './lib/h.js';\n${define('a', 'h')}`,
      'lib/h.js': `export const h = 'js';`,
      'lib/h.ts': `export const h = 'ts';`,
    });
    expect((await load(folder)).results).toMatchObject({ a: 'js' });
  });
});

describe('code versions', () => {
  test('follow the file and what it imports, and nothing else', async () => {
    const files = {
      'a.ts': `import { h } from './lib/h';\n${define('a', 'h')}`,
      'b.ts': define('b', '1'),
      'lib/h.ts': 'export const h = 1;',
    };
    const before = (await load(folderOf(files))).versions;
    const same = (await load(folderOf(files))).versions;
    const helper = (await load(folderOf({ ...files, 'lib/h.ts': 'export const h = 2;' }))).versions;
    expect(same).toEqual(before);
    expect(before['a']).toMatch(/^[0-9a-f]{12}$/);
    expect(helper['a']).not.toBe(before['a']);
    expect(helper['b']).toBe(before['b']);
    expect(before['shipped']).toBe('1.0.0');
  });
});

describe('problems name the file, the line and the way out', () => {
  test.each<[what: string, files: Record<string, string>, problem: string]>([
    ['a syntax error in TypeScript', { 'a.ts': 'const ok = 1;\n\nconst x = ;\n' }, '<0>/a.ts:3: Expression expected'],
    ['a syntax error in JavaScript', { 'a.mjs': 'const ok = 1;\nconst x = ;\n' }, `<0>/a.mjs:2: Unexpected token ';'`],
    [
      'an enum',
      { 'a.ts': 'const ok = 1;\nenum Color { red }\n' },
      `<0>/a.ts:2: TypeScript enum is not supported in strip-only mode\n` +
        `  write an object instead: const Color = { red: 'red', blue: 'blue' } as const`,
    ],
    [
      'a parameter property, in an imported file',
      { 'a.ts': `import './lib/b';`, 'lib/b.ts': 'class A { constructor(private x: number) {} }' },
      '<0>/lib/b.ts:1: TypeScript parameter property is not supported in strip-only mode\n' +
        '  declare the field in the class and assign it in the constructor',
    ],
    [
      'a namespace',
      { 'a.ts': 'namespace A { export const b = 1; }' },
      '<0>/a.ts:1: TypeScript namespace declaration is not supported in strip-only mode\n' +
        '  use a file of its own: it is a module',
    ],
    [
      'a package that is not installed',
      { 'a.ts': `// first\nimport { x } from '@some/package/deep';` },
      '<0>/a.ts:2: cannot find "@some/package/deep"\n' +
        '  install it beside the coroutine files: npm install @some/package',
    ],
    [
      'a file that is not there',
      { 'a.ts': `\n\nimport { x } from './gone';` },
      '<0>/a.ts:3: cannot find "./gone"\n  there is no such file',
    ],
    [
      'a type imported as a value',
      { 'a.ts': `\nimport { coroutine, Loop } from '@corral/scheduler';` },
      `<0>/a.ts:2: The requested module '@corral/scheduler' does not provide an export named 'Loop'\n` +
        '  if Loop is a type, write: import type { Loop } from ...',
    ],
    ['an error at run time', { 'a.ts': 'const a = 1;\nthrow new RangeError("boom");' }, '<0>/a.ts:2: RangeError: boom'],
    ['something thrown that is no error', { 'a.ts': 'throw "a string";' }, '<0>/a.ts: threw "a string" while loading'],
    ['a name that is none', { 'a.ts': define('a b', '1') }, '<0>/a.ts:2: TypeError: coroutine name "a b"'],
    [
      'one name in two files',
      { 'a.ts': define('same', '1'), 'b.ts': define('same', '2') },
      '<0>/b.ts: coroutine same is defined in <0>/a.ts already\n  a name is unique in the cluster: rename one of them',
    ],
    [
      'one name twice in a file',
      { 'a.ts': `${define('same', '1')}export const other = coroutine('same', () => 2);` },
      '<0>/a.ts: coroutine same is defined in <0>/a.ts already\n  a name is unique in the cluster: rename one of them',
    ],
  ])('%s', async (_what, files, problem) => {
    const { problem: told = '' } = await load(folderOf(files));
    expect(told.startsWith(problem) ? problem : told).toBe(problem);
  });

  test('all of them at once', async () => {
    const { problem = '' } = await load(folderOf({ 'a.ts': 'enum A {}', 'b.ts': define('b', '1'), 'c.ts': 'const' }));
    expect(problem).toContain('<0>/a.ts:1');
    expect(problem).toContain('<0>/c.ts:1');
  });

  test('a folder that was named and is not there', async () => {
    const { problem } = await load('/no/such/folder');
    expect(problem).toBe('<0>: there is no such folder\n  it is named in CORRAL_COROUTINES');
  });

  test('the default folder may be missing', async () => {
    expect((await load('./coroutines')).results).toEqual({ shipped: 'shipped', main: 'shipped' });
  });
});

describe('loading again', () => {
  test('reads what has changed, in imported files too, and goes on after a broken version', async () => {
    const folder = folderOf({
      'a.ts': `import { h } from './lib/h';\n${define('a', 'h')}`,
      'b.ts': define('b', '1'),
      'lib/h.ts': 'export const h = 1;',
    });
    const answers = await loadAfter(
      [folder],
      [{}, { 'lib/h.ts': 'export const h = 2;' }, { 'b.ts': 'enum A {}' }, { 'b.ts': define('b', '2') }],
    );
    expect(answers.map(({ results, problem }) => results ?? problem)).toMatchObject([
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      expect.stringContaining('<0>/b.ts:1: TypeScript enum'),
      { a: 2, b: 2 },
    ]);
    expect(answers[1]?.versions['a']).not.toBe(answers[0]?.versions['a']);
    expect(answers[1]?.versions['b']).toBe(answers[0]?.versions['b']);
  });
});
