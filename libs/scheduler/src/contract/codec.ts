/**
 * Values as JSON, without silent loss. JSON.stringify drops functions, turns NaN into null and a Map into {}: here each
 * of these is an UnserializableError that names the path. Errors become `{ "error": ErrorValue }`, as `returnExceptions`
 * shows them (program.md); undefined becomes null; what has `toJSON` (Date) says itself what it is.
 */
import {
  CancelledError,
  DeadlockError,
  ExceptionGroup,
  ExpiredError,
  InvalidArgumentsError,
  InvalidStateError,
  LookupError,
  NonDeterminismError,
  PayloadTooLargeError,
  RemoteError,
  TimeoutError,
  UnknownCoroutineError,
  UnserializableError,
} from './exceptions.ts';
import type { ErrorValue } from './outcome.ts';

const maxDepth = 500;

type Path = (string | number)[];

export function encode(value: unknown): string {
  if (value === undefined) return 'null';
  if (typeof value !== 'string' && typeof value !== 'boolean') value = plain(value, [], 0, []);
  return JSON.stringify(value);
}

export const decode = (text: string): unknown => JSON.parse(text);

/** The same value when it is JSON already (the usual case, no copy), else a copy with errors and dates replaced. `path`: the
 *  keys that lead to it, a text only when something is wrong. */
function plain(value: unknown, path: Path, depth: number, parents: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new UnserializableError(`${at(path)} is ${value}, which JSON cannot hold`);
    case 'undefined':
      return null;
    case 'object':
      break;
    default:
      throw new UnserializableError(`${at(path)} is a ${typeof value}, which JSON cannot hold`);
  }
  if (value === null) return null;
  if (value instanceof Error) return { error: errorValue(value) };
  if (depth > maxDepth)
    throw new UnserializableError(`${at(path).slice(0, 80)}... is nested more than ${maxDepth} deep`);
  if (parents.includes(value)) throw new UnserializableError(`${at(path)} contains itself`);
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), path, depth + 1, parents);
  parents.push(value);
  const copy = Array.isArray(value)
    ? plainArray(value, path, depth, parents)
    : plainObject(value, path, depth, parents);
  parents.pop();
  return copy;
}

function plainArray(array: unknown[], path: Path, depth: number, parents: object[]): unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < array.length; i++) {
    path.push(i);
    const member = plain(array[i], path, depth + 1, parents);
    path.pop();
    if (member !== array[i] && copy === undefined) copy = array.slice();
    if (copy !== undefined) copy[i] = member;
  }
  return copy ?? array;
}

function plainObject(object: object, path: Path, depth: number, parents: object[]): object {
  const prototype = Object.getPrototypeOf(object) as { constructor?: { name?: string } } | null;
  if (prototype !== null && (object instanceof Map || object instanceof Set || ArrayBuffer.isView(object)))
    throw new UnserializableError(
      `${at(path)} is a ${prototype.constructor?.name}, which JSON cannot hold; return an array or a string instead`,
    );
  let copy: Record<string, unknown> | undefined;
  for (const [key, member] of Object.entries(object)) {
    if (member === undefined) continue;
    path.push(key);
    const better = plain(member, path, depth + 1, parents);
    path.pop();
    if (better === member) continue;
    copy ??= Object.assign(Object.create(null) as Record<string, unknown>, object);
    copy[key] = better;
  }
  return copy ?? object;
}

const at = (path: Path): string => (path.length === 0 ? 'the value' : `the value at /${path.join('/')}`);

export function errorValue(error: unknown, task?: string): ErrorValue {
  if (!(error instanceof Error)) {
    const message = typeof error === 'string' ? error : safeJson(error);
    return { type: 'Error', message, ...(task === undefined ? {} : { task }) };
  }
  const origin = error instanceof RemoteError ? error.task : task;
  return {
    type: error.name || 'Error',
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: errorValue(error.cause) }),
    ...(error instanceof ExceptionGroup ? { errors: error.errors.map((member) => errorValue(member)) } : {}),
    ...(origin === undefined ? {} : { task: origin }),
  };
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Errors that a coroutine may test for with `instanceof`, whichever worker threw them. */
const known = new Map<string, new (message: string) => Error>(
  [
    CancelledError,
    DeadlockError,
    ExpiredError,
    TimeoutError,
    InvalidStateError,
    LookupError,
    NonDeterminismError,
    PayloadTooLargeError,
    UnserializableError,
    UnknownCoroutineError,
  ].map((type) => [type.name, type]),
);

export function toError(value: ErrorValue): Error {
  const type = known.get(value.type);
  let error: Error;
  if (type !== undefined) error = new type(value.message);
  else if (value.type === 'ExceptionGroup')
    error = new ExceptionGroup(value.message, (value.errors ?? []).map(toError));
  else if (value.type === 'InvalidArgumentsError') error = new InvalidArgumentsError(value.message, []);
  else error = new RemoteError(value.type, value.message, value.task);
  if (value.cause !== undefined) error.cause = toError(value.cause);
  if (value.stack !== undefined) error.stack = value.stack;
  return error;
}
