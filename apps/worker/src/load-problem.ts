/** Why a coroutine file does not load, in words for its author: file, line, what is wrong, what to write instead. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnresolvedImportError } from './user-modules.ts';

/** What Node cannot run although it is TypeScript: it removes types and changes nothing else. */
const unsupported: readonly [RegExp, string][] = [
  [/enum/, "write an object instead: const Color = { red: 'red', blue: 'blue' } as const"],
  [/parameter property/, 'declare the field in the class and assign it in the constructor'],
  [/namespace|module/, 'use a file of its own: it is a module'],
  [/import.*equals|export assignment/i, 'use import and export as in ECMAScript'],
];

/** `files`: the file and what it imports, for errors that do not tell where they are. */
export function loadProblem(error: unknown, file: string, files: ReadonlySet<string>): string {
  if (error instanceof UnresolvedImportError) {
    const hint = error.specifier.startsWith('.')
      ? 'there is no such file'
      : `install it beside the coroutine files: npm install ${packageName(error.specifier)}`;
    return problem(error.importer, lineOf(error.importer, error.specifier), error.message, hint);
  }
  if (!(error instanceof Error)) return problem(file, undefined, `threw ${JSON.stringify(error)} while loading`);
  const place = placeOf(error, files);
  const message = error instanceof SyntaxError ? error.message.trim() : `${error.name}: ${error.message}`;
  return problem(place?.file ?? file, place?.line, message, hintFor(error));
}

export function problem(file: string, line: number | undefined, message: string, hint?: string): string {
  const place = line === undefined ? shown(file) : `${shown(file)}:${line}`;
  return `${place}: ${message}${hint === undefined ? '' : `\n  ${hint}`}`;
}

/** As one would write it here, unless that leads far away. */
export function shown(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function hintFor(error: Error): string | undefined {
  const missing = /does not provide an export named '(.+)'/.exec(error.message)?.[1];
  if (missing !== undefined) return `if ${missing} is a type, write: import type { ${missing} } from ...`;
  if (!('code' in error) || error.code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return undefined;
  return unsupported.find(([pattern]) => pattern.test(error.message))?.[1];
}

interface Place {
  file: string;
  line: number;
}

function placeOf(error: Error, files: ReadonlySet<string>): Place | undefined {
  const stack = error.stack ?? '';
  return (
    parserPlace(stack) ?? framePlace(stack, files) ?? (error instanceof SyntaxError ? syntaxPlace(files) : undefined)
  );
}

/** Node puts `<path or URL>:<line>` on a line of its own before a syntax error. */
function parserPlace(stack: string): Place | undefined {
  const [, url, path, line] = /^(?:(file:\/\/.+?)|(\/.+?))(?:\?generation=\d+)?:(\d+)$/m.exec(stack) ?? [];
  if (line === undefined) return undefined;
  return { file: url === undefined ? (path ?? '') : fileURLToPath(url), line: Number(line) };
}

/** The innermost frame in one of the files. */
function framePlace(stack: string, files: ReadonlySet<string>): Place | undefined {
  for (const [, url = '', line] of stack.matchAll(/(file:\/\/[^\s()?]+)(?:\?generation=\d+)?:(\d+):\d+/g)) {
    const file = fileURLToPath(url);
    if (files.has(file)) return { file, line: Number(line) };
  }
  return undefined;
}

/** V8 tells the line of a syntax error in JavaScript to the terminal only: ask a Node that prints it. */
function syntaxPlace(files: ReadonlySet<string>): Place | undefined {
  for (const file of files) {
    const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 10_000 });
    const place = parserPlace(stderr);
    if (place !== undefined) return place;
  }
  return undefined;
}

function lineOf(file: string, specifier: string): number | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(`'${specifier}'`) || line.includes(`"${specifier}"`));
  return index < 0 ? undefined : index + 1;
}
