/** What a thread makes of users' modules. It runs what was built, because Node itself resolves the modules. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { folderOf, write } from './coroutine-files.ts';

const program = `
  import { createInterface } from 'node:readline';
  const { default: entry } = await import(${JSON.stringify(new URL('../dist/thread-entry.js', import.meta.url).href)});
  for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await entry(JSON.parse(line))));`;

/** Answers of one thread to calls of `calculate(2)` in these modules; `before` each of them something may happen. */
async function answers(calls: { module: string; before?: () => void }[]): Promise<unknown[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = child.stdout[Symbol.asyncIterator]();
  const found: unknown[] = [];
  for (const { module, before } of calls) {
    before?.();
    const call = { module, name: 'calculate', args: '[2]', origin: 'test t_1' };
    child.stdin.write(`${JSON.stringify({ call })}\n`);
    found.push(JSON.parse(String((await output.next()).value)));
  }
  child.stdin.end();
  await text(child.stdout);
  return found;
}

const calculate = `
  import { threaded } from '@corral/scheduler';
  import { factor } from './factor';
  export const calculate = threaded('calculate', import.meta.url, (n: number) => n * factor);`;

test('U1, U3 they resolve as on the event loop, wherever they lie', async () => {
  const folder = folderOf({ 'calculate.ts': calculate, 'factor.ts': 'export const factor: number = 10;' });
  expect(folder.startsWith(tmpdir())).toBe(true);
  const { href } = pathToFileURL(`${folder}/calculate.ts`);
  expect(await answers([{ module: href }])).toEqual([{ state: 'succeeded', payload: '20' }]);
});

test('U5 those of a later generation are read again, with all that they import', async () => {
  const folder = folderOf({ 'calculate.ts': calculate, 'factor.ts': 'export const factor: number = 10;' });
  const { href } = pathToFileURL(`${folder}/calculate.ts`);
  const change = () => write(folder, { 'factor.ts': 'export const factor: number = 100;' });
  const found = await answers([{ module: href }, { module: `${href}?generation=1`, before: change }, { module: href }]);
  expect(found).toMatchObject([{ payload: '20' }, { payload: '200' }, { payload: '20' }]);
});
