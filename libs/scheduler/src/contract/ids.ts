/**
 * Ids of tasks. An id tells its tree, so every key of a task can be found from its id alone, and a child's id follows
 * from its parent and the number of the operation that made it: replay and a re-sent command name the same child.
 */
import { createHash } from 'node:crypto';
import type { Member } from './store.ts';
import type { TaskId } from './task.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'; // Crockford's base 32, as in ULID: sorts by time, no look-alikes
const taskIdPattern =
  /^t_[0-9A-HJKMNP-TV-Z]{22}([0-9A-HJKMNP-TV-Z]{4}|U\d{3})(\.[0-9A-HJKMNP-TV-Z]{12}(\.(0|[1-9]\d{0,8}))?)?$/;

export const isTaskId = (text: string): boolean => taskIdPattern.test(text);

function base32(bytes: Uint8Array, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet[(bytes[i] ?? 0) & 31];
  return text;
}

/** 10 characters of milliseconds and 16 random ones (80 bits), so ids of roots sort by time and cannot be guessed. */
export function newRootId(nowMs: number, random16: Uint8Array): TaskId {
  let time = '';
  for (let left = Math.floor(nowMs), i = 0; i < 10; i++) {
    time = alphabet[left % 32] + time;
    left = Math.floor(left / 32);
  }
  return `t_${time}${base32(random16, 16)}`;
}

/** Roots of one bundle (adr/0024) are numbered: 60 random bits that they share, `U`, which no other id has there, and three digits. */
export const largestBundle = 200;
const bundleLength = 25;
const markPlace = bundleLength - 1;
const bundleMark = 'U'.charCodeAt(0);

/** At most `largestBundle` ids for roots that come together. */
export function bundledIds(nowMs: number, random16: Uint8Array, count: number): TaskId[] {
  const bundle = `${newRootId(nowMs, random16).slice(0, markPlace)}U`;
  return Array.from({ length: count }, (_, index) => memberId(bundle, index));
}

/** 60 bits of SHA-256: among a million operations of one tree a clash has a chance of 1 in 2,000,000. */
export const childId = (parent: TaskId, op: number): TaskId =>
  `${rootOf(parent)}.${base32(createHash('sha256').update(`${parent}:${op}`).digest(), 12)}`;

export const isBundle = (group: TaskId): boolean => group.length === bundleLength;

/** `group`: a gather, or a bundle. */
export const memberId = (group: TaskId, index: number): TaskId =>
  isBundle(group) ? group + String(index).padStart(3, '0') : `${group}.${index}`;

/** Undefined for a task that is no member of a gather or of a bundle. */
export function memberOf(id: TaskId): Member | undefined {
  if (id.length === rootLength)
    return id.charCodeAt(markPlace) === bundleMark
      ? { group: id.slice(0, bundleLength), index: String(Number(id.slice(bundleLength))) }
      : undefined;
  return id.charCodeAt(groupLength) === 46
    ? { group: id.slice(0, groupLength), index: id.slice(groupLength + 1) }
    : undefined;
}
/** `<root>.<12 characters>` */
const groupLength = 41;

const rootLength = 28;

export const rootOf = (id: TaskId): TaskId => id.slice(0, rootLength);

/** FNV-1a over the root: all tasks of a tree live in one partition, and trees spread evenly. */
export const partitionOf = (id: TaskId, partitions: number): number =>
  partitions === 1 ? 0 : (hashOf(id, 28) >>> 0) % partitions;

/** The id of a root, with another last character if need be, so that it lies in the partition; undefined: none of them does. */
export function rootIdIn(id: TaskId, partition: number, partitions: number): TaskId | undefined {
  if (partitions === 1) return id;
  const start = id.slice(0, 27);
  const hash = hashOf(start, 27);
  const own = alphabet.indexOf(id.charAt(27));
  for (let step = 0; step < alphabet.length; step++) {
    const last = (own + step) % alphabet.length;
    if ((hashed(hash, alphabet.charCodeAt(last)) >>> 0) % partitions === partition)
      return start + alphabet.charAt(last);
  }
  return undefined;
}

function hashOf(id: string, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length && i < id.length; i++) hash = hashed(hash, id.charCodeAt(i));
  return hash;
}

const hashed = (hash: number, character: number): number => Math.imul(hash ^ character, 0x01000193);
