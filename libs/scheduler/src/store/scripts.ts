/** Loads the Lua scripts: one file for each method of the store, with the shared parts that it names. */
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

const include = /^--# include (.*)$/m;
/**
 * The first line of a script says when Redis may run it (H2): `#!lua` alone is refused as a whole when memory is full,
 * `allow-oom` is not, `no-writes` runs on a replica and with a broken disk as well.
 */
const flags = /^#!lua.*/;

/**
 * What all other parts use. It is an upvalue for those in a function of their own: as locals beside them Lua looks for it
 * again for each function that a script begins with, over a hundred, which took 30 of the 63 µs of a settle of nothing; and
 * a function has 200 locals at most.
 */
const foundations = ['keys', 'now', 'sums', 'counts', 'texts', 'batches', 'members', 'groups', 'whole'];

/** Parts of which there is another one for tests. */
const testVariants = new Set(['now', 'least-whole']);

/**
 * The texts of all scripts.
 * @param forTests the store's clock stands still and is moved by hand (key `test-time`), and small gathers are treated as large
 * ones are
 */
export function loadScripts(forTests: boolean): Record<ScriptName, string> {
  const part = (name: string): string => {
    const file = forTests && testVariants.has(name) ? `${name}-for-tests` : name;
    return readFileSync(new URL(`shared/${file}.lua`, folder), 'utf8');
  };
  const load = (name: ScriptName): string => {
    const growing = /^(.*)-growing$/.exec(name);
    if (growing !== null) return load(growing[1] as ScriptName).replace(flags, '#!lua');
    const text = readFileSync(new URL(`${name}.lua`, folder), 'utf8');
    const names = (include.exec(text)?.[1] ?? '').split(' ');
    const first = names.filter((each) => foundations.includes(each)).map(part);
    const others = names.filter((each) => !foundations.includes(each)).map(part);
    if (others.length === 0) return text.replace(include, () => first.join('\n'));
    return `${text.replace(include, () => [...first, 'return (function()', ...others].join('\n'))}\nend)()\n`;
  };
  return Object.fromEntries(scriptNames.map((name) => [name, load(name)])) as Record<ScriptName, string>;
}
