/**
 * Coroutine files: every .ts, .mts, .js and .mjs file directly in the given folders, whatever it exports by
 * `coroutine(...)`. All that is wrong with them is told at once. A file takes precedence over a shipped coroutine.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type AnyCoroutineFunction, isCoroutineFunction } from '@corral/scheduler';
import { StartError, workerSettings } from '@corral/service';
import { loadProblem, problem, shown } from './load-problem.ts';
import { UserModules } from './user-modules.ts';

export interface LoadedCoroutines {
  coroutines: readonly AnyCoroutineFunction[];
  /** By name: a hash of the source that defines it and of the user's files which that imports. */
  codeVersions: ReadonlyMap<string, string>;
  warnings: readonly string[];
}

/** `message`: a problem a paragraph. */
export class CoroutineLoadError extends StartError {
  override readonly name = 'CoroutineLoadError';
}

/** A module that awaits something which never comes would keep the worker from starting without a word. */
const loadTimeoutMs = 10_000;

const isCoroutineFile = (name: string): boolean =>
  /\.m?[jt]s$/.test(name) && !/\.d\.m?ts$/.test(name) && !/\.test\.m?[jt]s$/.test(name) && !name.startsWith('.');

export class CoroutineLoader {
  readonly #folders: readonly string[];
  /** What a worker has without any file. */
  readonly shipped: LoadedCoroutines;
  readonly #modules = new UserModules();
  #loads = 0;

  constructor(folders: readonly string[], shipped: readonly AnyCoroutineFunction[], shippedVersion: string) {
    this.#folders = folders;
    const codeVersions = new Map(shipped.map((fn) => [fn.coroutineName, shippedVersion]));
    this.shipped = { coroutines: shipped, codeVersions, warnings: [] };
  }

  /** Reads all files, again if they were read before. Throws CoroutineLoadError. */
  async load(): Promise<LoadedCoroutines> {
    if (this.#loads++ > 0) this.#modules.nextGeneration();
    const problems: string[] = [];
    const files = (await Promise.all(this.#folders.map((folder) => listFiles(folder, problems)))).flat();
    const exported = new Map<string, AnyCoroutineFunction[]>();
    for (const file of new Set(files)) {
      try {
        exported.set(file, coroutinesIn(await this.#import(file)));
      } catch (error) {
        problems.push(loadProblem(error, file, this.#modules.withImports(file)));
      }
    }
    const definedIn = findDuplicates(exported, problems);
    if (problems.length > 0) throw new CoroutineLoadError(problems.join('\n'));
    return this.#describe(exported, definedIn);
  }

  async #import(file: string): Promise<Record<string, unknown>> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const give = () =>
      reject(new Error(`not loaded after ${loadTimeoutMs / 1000} s; does it await something for ever?`));
    const timer = setTimeout(give, loadTimeoutMs);
    try {
      return await Promise.race([this.#modules.import(file), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #describe(
    exported: ReadonlyMap<string, AnyCoroutineFunction[]>,
    definedIn: ReadonlyMap<string, { file: string; fn: AnyCoroutineFunction }>,
  ): Promise<LoadedCoroutines> {
    const coroutines = new Map(this.shipped.coroutines.map((fn) => [fn.coroutineName, fn]));
    const codeVersions = new Map(this.shipped.codeVersions);
    const warnings: string[] = [];
    for (const [name, { file, fn }] of definedIn) {
      if (coroutines.has(name)) warnings.push(`${shown(file)}: ${name} takes the place of the shipped coroutine`);
      coroutines.set(name, fn);
      codeVersions.set(name, await hashOf(this.#modules.withImports(file)));
    }
    const imported = new Set<string>();
    for (const file of exported.keys())
      for (const other of this.#modules.withImports(file)) if (other !== file) imported.add(other);
    for (const [file, found] of exported)
      if (found.length === 0 && !imported.has(file)) warnings.push(`${shown(file)}: exports no coroutine`);
    return { coroutines: [...coroutines.values()], codeVersions, warnings };
  }
}

async function listFiles(folder: string, problems: string[]): Promise<string[]> {
  const path = resolve(folder);
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && isCoroutineFile(entry.name))
      .map((entry) => join(path, entry.name))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && folder === workerSettings.coroutineFolders.default) return [];
    const reason = code === 'ENOENT' ? 'there is no such folder' : (error as Error).message;
    problems.push(problem(path, undefined, reason, `it is named in ${workerSettings.coroutineFolders.variable}`));
    return [];
  }
}

function coroutinesIn(module: Record<string, unknown>): AnyCoroutineFunction[] {
  return [...new Set(Object.values(module))].filter((value) => isCoroutineFunction(value));
}

/** One function that several files export is one coroutine; two functions of one name are a mistake. */
function findDuplicates(
  exported: ReadonlyMap<string, AnyCoroutineFunction[]>,
  problems: string[],
): Map<string, { file: string; fn: AnyCoroutineFunction }> {
  const definedIn = new Map<string, { file: string; fn: AnyCoroutineFunction }>();
  for (const [file, coroutines] of exported) {
    for (const fn of coroutines) {
      const first = definedIn.get(fn.coroutineName);
      if (first === undefined) definedIn.set(fn.coroutineName, { file, fn });
      else if (first.fn !== fn) {
        const message = `coroutine ${fn.coroutineName} is defined in ${shown(first.file)} already`;
        problems.push(problem(file, undefined, message, 'a name is unique in the cluster: rename one of them'));
      }
    }
  }
  return definedIn;
}

async function hashOf(files: ReadonlySet<string>): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file)).update('\0');
  return hash.digest('hex').slice(0, 12);
}
