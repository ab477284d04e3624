/** Coroutines by name, and what the cluster is told about them. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { SessionInfo } from '../contract/store.ts';
import { type AnyCoroutineFunction, isCoroutineFunction } from '../loop/coroutines.ts';

/** @throws TypeError when two coroutines share a name. */
export function registry(coroutines: Iterable<AnyCoroutineFunction>): Map<string, AnyCoroutineFunction> {
  const known = new Map<string, AnyCoroutineFunction>();
  for (const fn of coroutines) {
    if (!isCoroutineFunction(fn)) throw new TypeError('coroutines: a member was not made by coroutine(name, fn)');
    const other = known.get(fn.coroutineName);
    if (other !== undefined && other !== fn) throw new TypeError(`two coroutines are named ${fn.coroutineName}`);
    known.set(fn.coroutineName, fn);
  }
  return known;
}

export function announcement(
  coroutines: ReadonlyMap<string, AnyCoroutineFunction>,
  codeVersions: ReadonlyMap<string, string>,
): SessionInfo['coroutines'] {
  return [...coroutines.values()].map(({ coroutineName: name, options }) => {
    const argsSchema = options.args === undefined ? undefined : jsonSchema(options.args);
    return { name, version: codeVersions.get(name) ?? '', ...(argsSchema === undefined ? {} : { argsSchema }) };
  });
}

/**
 * JSON Schema (2020-12) of what callers may pass. Vendors of Standard Schema offer it under `~standard.jsonSchema`;
 * undefined for one that does not, or whose schema has no form in JSON Schema (a custom check, say).
 */
function jsonSchema(schema: StandardSchemaV1): unknown {
  const standard = schema['~standard'] as StandardSchemaV1.Props & {
    jsonSchema?: { input(options: { target: string }): unknown };
  };
  try {
    return standard.jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}
