/** Folders of coroutine files for tests, outside the project as users' folders are. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true });
});

/** `files`: path within the folder -> source. Answers the path of the folder. */
export function folderOf(files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'corral-coroutines-')));
  made.push(folder);
  write(folder, files);
  return folder;
}

export function write(folder: string, files: Record<string, string>): void {
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), source);
  }
}

export interface Probed {
  results: Record<string, unknown>;
  versions: Record<string, string>;
  warnings: string[];
  problem?: string;
}

/** What a worker makes of the folders. They are shortened to `<0>`, `<1>` ... in texts. */
export async function load(...folders: string[]): Promise<Probed> {
  const [first] = await loadAfter(folders, [{}]);
  if (first === undefined) throw new Error('the probe printed nothing');
  return first;
}

/** One answer for each of `changes`: files to write before a load, by path within the first folder. */
export async function loadAfter(folders: string[], changes: Record<string, string>[]): Promise<Probed[]> {
  const probe = fileURLToPath(new URL('./load-probe.ts', import.meta.url));
  const child = spawn(process.execPath, [probe, ...folders], { cwd: tmpdir(), stdio: ['pipe', 'pipe', 'inherit'] });
  const inFolder = ([name, source]: [string, string]) => [join(folders[0] ?? '', name), source];
  child.stdin.end(JSON.stringify(changes.map((files) => Object.fromEntries(Object.entries(files).map(inFolder)))));
  let printed = await text(child.stdout);
  for (const [i, folder] of folders.entries())
    printed = printed.replaceAll(folder, `<${i}>`).replaceAll(relative(tmpdir(), folder), `<${i}>`);
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Probed);
}
