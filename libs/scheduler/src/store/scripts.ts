/**
 * The Lua scripts: one file for each method of the store, with the shared parts that it names. Each is a library of one function
 * in Redis (FUNCTION LOAD, adr/0021). Its name tells what is in it, so that versions stand side by side.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

export const scriptNames = [
  'submit',
  'claim',
  'stage',
  'commit',
  'commit-growing',
  'settle',
  'settle-growing',
  'cancel',
  'cancel-children',
  'cancel-tree',
  'outbox',
  'deliver',
  'receive',
  'members',
  'register',
  'beat',
  'park',
  'release',
  'held',
  'sweep',
  'records',
  'inbox',
  'facts',
  'watch',
] as const;
export type ScriptName = (typeof scriptNames)[number];

export interface Script {
  /** Of the library, and of its function. */
  name: string;
  /**
   * When Redis may run it (H2): `allow-oom` when memory is full, too; `no-writes` on a replica and with a broken disk as well.
   */
  flags: string[];
  text: string;
}

const include = /^--# include (.*)$/m;
const head = /^#!lua(?: flags=(.*))?\n/;

/**
 * What all other parts use. It is an upvalue for those in a function of their own, as a function has 200 locals at most.
 */
const foundations = ['keys', 'now', 'sums', 'counts', 'texts', 'batches', 'members', 'groups', 'whole'];

/** Parts of which there is another one for tests. */
const testVariants = new Set(['now', 'least-whole']);

export interface ScriptOptions {
  /** The store's clock stands still and is moved by hand (key `test-time`), and small gathers are treated as large ones are. */
  forTests?: boolean;
  /** For tests: another text for a script, to see that a broken one is caught. */
  patch?: (name: ScriptName, text: string) => string;
}

export function loadScripts({
  forTests = false,
  patch = (_, text) => text,
}: ScriptOptions = {}): Record<ScriptName, Script> {
  const part = (name: string): string => {
    const file = forTests && testVariants.has(name) ? `${name}-for-tests` : name;
    return readFileSync(new URL(`shared/${file}.lua`, folder), 'utf8');
  };
  const load = (name: ScriptName): Script => {
    const growing = /^(.*)-growing$/.exec(name);
    const text = readFileSync(new URL(`${growing?.[1] ?? name}.lua`, folder), 'utf8');
    const flags = growing === null ? (head.exec(text)?.[1]?.split(',') ?? []) : [];
    const names = (include.exec(text)?.[1] ?? '').split(' ');
    const first = names.filter((each) => foundations.includes(each)).map(part);
    const others = names.filter((each) => !foundations.includes(each)).map(part);
    const run = ['local function run()', text.replace(head, '').replace(include, ''), 'end'];
    const lines = [...first, 'local function define(name, flags)', ...others, ...run, registration, 'end'];
    return libraryOf(name, flags, patch(name, lines.join('\n')));
  };
  return Object.fromEntries(scriptNames.map((name) => [name, load(name)])) as Record<ScriptName, Script>;
}

const registration = `redis.register_function {
  function_name = name, flags = flags, callback = function(keys, args)
    begin(keys, args)
    return run()
  end
}`;

function libraryOf(script: ScriptName, flags: string[], text: string): Script {
  const hash = createHash('sha256').update(`${flags}\n${text}`).digest('hex').slice(0, 16);
  const name = `corral_${script.replaceAll('-', '_')}_${hash}`;
  const flagsInLua = `{ ${flags.map((flag) => `'${flag}'`).join(', ')} }`;
  return { name, flags, text: `#!lua name=${name}\n${text}\ndefine('${name}', ${flagsInLua})\n` };
}
