/** Texts of faults: short, whatever was sent, and with a suggestion where there is one. */
import { grammar } from './grammar.ts';
import { nearest } from './nearest.ts';

const longest = 60;
/** A hostile object may have a hundred thousand keys. */
const keysLookedAt = 20;
const heads = Object.keys(grammar);

export const clipped = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}...` : text);

export const listed = (words: readonly string[]): string => words.map(quoted).join(', ');

const quoted = (text: string): string => JSON.stringify(clipped(text));

export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

export function noExpression(value: unknown): string {
  const meant = Array.isArray(value) ? 'a sequence is written {"do": [...]}' : 'a value is written {"return": ...}';
  return `an expression is an object, not ${shown(value)}; ${meant}`;
}

export function noHead(keys: readonly string[]): string {
  for (const key of keys.slice(0, keysLookedAt)) {
    const head = nearest(key, heads);
    if (head !== undefined) return `unknown key ${quoted(key)}; did you mean "${head}"?`;
  }
  const found = keys[0] === undefined ? 'no head' : `no head but the unknown key ${quoted(keys[0])}`;
  return `${found}; an expression has one of ${heads.join(', ')}`;
}

export function unknownKey(key: string, known: readonly string[], owner: string): string {
  const meant = nearest(key, known);
  const advice = meant === undefined ? `${owner} takes ${listed(known)}` : `did you mean "${meant}"?`;
  return `unknown key ${quoted(key)}; ${advice}`;
}
