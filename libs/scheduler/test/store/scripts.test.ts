import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadScripts } from '../../src/store/scripts.ts';

it('scripts hold no marks of a merge, and every part that they name', () => {
  for (const [name, { text }] of Object.entries(loadScripts())) {
    expect(text.match(/^(<{7}|={7}|>{7})/m), name).toBeNull();
    expect(text.match(/^--# include/m), name).toBeNull();
  }
});

it('a name tells what is in a script: another text has another one', () => {
  const [plain, again, broken] = [
    loadScripts(),
    loadScripts(),
    loadScripts({ patch: (name, text) => (name === 'beat' ? `${text} ` : text) }),
  ];
  expect(again).toEqual(plain);
  expect(broken.beat.name).not.toBe(plain.beat.name);
  expect({ ...broken, beat: plain.beat }).toEqual(plain);
  expect(plain.settle.name).toMatch(/^corral_settle_[0-9a-f]{16}$/);
  expect(plain['settle-growing'].name).not.toContain('-');
});

/** What never changes, or is a function that is defined later on, or is set before it is read in each call. */
const constants = new Set(['words', 'digits, tens, before', 'shown', 'starts', 'finish, endTreePage, backOff', 'wake']);
const setBeforeRead = new Set(['prefix, ARGV, cursor, call', 'looks']);

it('parts note nothing from one call for the next: what they begin with is a number, or set at the start of a call', () => {
  const folder = new URL('../../src/store/lua/shared/', import.meta.url);
  const kept: string[] = [];
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const [, names = '', value = ''] of text.matchAll(/^local ([\w, ]+) = (.*)$/gm))
      if (!/^[\d., e]+$/.test(value) && !constants.has(names)) kept.push(`${file}: ${names} = ${value}`);
    const atStart = [...text.matchAll(/^atStart\(function\(\)(.*?)end\)$/gms)].map(([, body]) => body).join('\n');
    for (const [, names = ''] of text.matchAll(/^local (?!function)([\w, ]+?)(?: --.*)?$/gm)) {
      if (constants.has(names) || setBeforeRead.has(names)) continue;
      for (const name of names.split(', '))
        if (!new RegExp(`\\b${name}\\b.*=`).test(atStart)) kept.push(`${file}: ${name}`);
    }
  }
  expect(kept).toEqual([]);
});
