/**
 * Users' modules: files that lie anywhere and are run by Node as they are.
 *
 * Owns: how their imports are resolved, which file imports which, and that a new generation of them is loaded anew.
 * U1. `@corral/scheduler` is always the one that this worker runs on, wherever the importing file lies.
 * U2. Any other package is looked for where Node looks for it, and then among the worker's own (zod).
 * U3. `./helper` finds helper.ts, and `./helper.js` does so too when there is no such file, as in TypeScript.
 * U4. Only users' modules are touched: what a package imports resolves as ever.
 * U5. A thread has them as the worker has: of the generation that asked for it.
 */
import { existsSync } from 'node:fs';
import { type RegisterHooksOptions, registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Resolve = NonNullable<RegisterHooksOptions['resolve']>;

/** An import that leads nowhere. */
export class UnresolvedImportError extends Error {
  override readonly name = 'UnresolvedImportError';
  readonly specifier: string;
  /** Path of the importing file. */
  readonly importer: string;

  constructor(specifier: string, importer: string, options: ErrorOptions) {
    super(`cannot find ${JSON.stringify(specifier)}`, options);
    this.specifier = specifier;
    this.importer = importer;
  }
}

const endings = ['.ts', '.mts', '.js', '.mjs', '/index.ts', '/index.js'];
const generationParameter = 'generation';

export class UserModules {
  /** Path of a module -> paths of the users' modules that it imports. */
  readonly #imports = new Map<string, Set<string>>();
  readonly #urls = new Set<string>();
  #generation = 0;

  constructor() {
    registerHooks({ resolve: (specifier, context, next) => this.#resolve(specifier, context, next) });
  }

  /** What is imported from now on is read again; what runs keeps what it has. */
  nextGeneration(): void {
    this.#generation += 1;
    this.#imports.clear();
  }

  async import(path: string): Promise<Record<string, unknown>> {
    return (await import(this.#own(pathToFileURL(path)))) as Record<string, unknown>;
  }

  /** For a thread: the module under the URL that it has on the thread that runs the coroutines. */
  async importSame(href: string): Promise<Record<string, unknown>> {
    this.#generation = Number(new URL(href).searchParams.get(generationParameter) ?? 0);
    this.#urls.add(href);
    return (await import(href)) as Record<string, unknown>;
  }

  /** The module and everything of the user's that it imports, directly or not. */
  withImports(path: string): Set<string> {
    const found = new Set([path]);
    for (const member of found) for (const imported of this.#imports.get(member) ?? []) found.add(imported);
    return found;
  }

  #own(url: URL): string {
    if (this.#generation > 0) url.searchParams.set(generationParameter, String(this.#generation));
    this.#urls.add(url.href);
    return url.href;
  }

  #resolve(specifier: string, context: Parameters<Resolve>[1], next: Parameters<Resolve>[2]): ReturnType<Resolve> {
    const parent = context.parentURL;
    if (parent === undefined || !this.#urls.has(parent)) return next(specifier, context);
    const importer = fileURLToPath(parent);
    const resolved = resolveForUser(specifier, context, next, importer);
    if (!resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/') || isOurs(specifier))
      return resolved;
    const url = new URL(resolved.url);
    const imports = this.#imports.get(importer) ?? new Set();
    this.#imports.set(importer, imports.add(fileURLToPath(url)));
    return { ...resolved, url: this.#own(url) };
  }
}

const isOurs = (specifier: string): boolean => specifier.startsWith('@corral/');
const isPath = (specifier: string): boolean => /^(\.{0,2}\/|file:)/.test(specifier);

function resolveForUser(
  specifier: string,
  context: Parameters<Resolve>[1],
  next: Parameters<Resolve>[2],
  importer: string,
): ReturnType<Resolve> {
  const fromHere = { ...context, parentURL: import.meta.url };
  if (isOurs(specifier)) return next(specifier, fromHere);
  try {
    return next(specifier, context);
  } catch (cause) {
    if (isPath(specifier)) {
      const url = nearbyFile(new URL(specifier, context.parentURL));
      if (url !== undefined) return next(url, context);
    } else {
      try {
        return next(specifier, fromHere);
      } catch {
        // The worker has it no more than the user: the error below names the user's import.
      }
    }
    throw new UnresolvedImportError(specifier, importer, { cause });
  }
}

function nearbyFile(wanted: URL): string | undefined {
  const asTypeScript = wanted.href.replace(/\.(m?)js$/, '.$1ts');
  const candidates = [asTypeScript, ...endings.map((ending) => wanted.href + ending)];
  return candidates.find((href) => href !== wanted.href && existsSync(new URL(href)));
}
