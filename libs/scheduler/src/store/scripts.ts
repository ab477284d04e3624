/** Loads the Lua scripts: one file for each method of the store, with the shared parts that it names. */
import { readFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

export const scriptNames = [
  'submit',
  'claim',
  'stage',
  'commit',
  'settle',
  'cancel',
  'cancel-children',
  'cancel-tree',
  'receive',
  'members',
  'register',
  'beat',
  'release',
  'sweep',
  'records',
  'facts',
  'watch',
] as const;
export type ScriptName = (typeof scriptNames)[number];

const include = /^--# include (.*)$/m;

/**
 * The texts of all scripts.
 * @param testTime the store's clock stands still and is moved by hand (key `test-time`), for tests
 */
export function loadScripts(testTime: boolean): Record<ScriptName, string> {
  const part = (name: string): string => {
    const file = name === 'now' && testTime ? 'now-for-tests' : name;
    return readFileSync(new URL(`shared/${file}.lua`, folder), 'utf8');
  };
  const load = (name: ScriptName): string =>
    readFileSync(new URL(`${name}.lua`, folder), 'utf8').replace(include, (_, parts: string) =>
      parts.split(' ').map(part).join('\n'),
    );
  return Object.fromEntries(scriptNames.map((name) => [name, load(name)])) as Record<ScriptName, string>;
}
