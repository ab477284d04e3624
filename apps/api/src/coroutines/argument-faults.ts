import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import { pointer } from '../problem/pointer.ts';
import type { FieldError } from '../problem/problem.ts';

/** Looking for every fault of a megabyte blocks the loop for 130 ms: beyond this size the first one must do. */
const thoroughUpToCharacters = 16_384;
const maxErrors = 20;

/**
 * `ownProperties`: the keys `constructor` and `__proto__` are there only when the arguments hold them.
 * `validateSchema`: checking the schema itself costs 40 ms, and an unusable one fails to compile anyway.
 * `uri` is what zod's `url()` takes; every other format of JSON Schema is an annotation here.
 */
const options: Options = {
  strict: false,
  logger: false,
  ownProperties: true,
  validateSchema: false,
  formats: { uri: (text: string) => URL.canParse(text) },
};

/** What is wrong with the arguments of a coroutine; empty when nothing is. `place`: pointer to them in the body. */
export type ArgumentFaults = (args: object, place: string) => FieldError[];

/** Compiles a JSON Schema (2020-12). Throws when it cannot be used. */
export function argumentFaults(schema: object): ArgumentFaults {
  // Instances of their own: one instance keeps everything that it has ever compiled.
  const first = new Ajv2020(options).compile(schema);
  const all = new Ajv2020({ ...options, allErrors: true }).compile(schema);
  return (args, place) => {
    if (first(args)) return [];
    const isSmall = JSON.stringify(args).length <= thoroughUpToCharacters;
    if (isSmall) all(args);
    return ((isSmall ? all : first).errors ?? []).slice(0, maxErrors).map((error) => fieldError(error, place));
  };
}

function fieldError({ instancePath, params, message = 'does not fit' }: ErrorObject, place: string): FieldError {
  const { missingProperty, additionalProperty, allowedValues } = params;
  const at = (path: readonly string[]): string => pointer(path, place);
  const path = instancePath.split('/').slice(1).map(unescapeToken);
  if (typeof missingProperty === 'string') return { pointer: at([...path, missingProperty]), detail: 'is required' };
  if (typeof additionalProperty === 'string')
    return { pointer: at([...path, additionalProperty]), detail: 'is not known here' };
  const detail = allowedValues === undefined ? message : `must be one of ${JSON.stringify(allowedValues)}`;
  return { pointer: at(path), detail };
}

const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');
