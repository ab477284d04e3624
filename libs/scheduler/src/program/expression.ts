/** The types of programs, derived from the grammar. They hold for what `validateProgram` has found no fault in. */
import { type grammar, type Head, isHead, type Keys, type Kind, type Part, type parts } from './grammar.ts';
import type { returnWhenWords } from './value-kinds.ts';

export type { Head } from './grammar.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What the value of a key is, by the kind that the grammar gives it. */
interface Values {
  /** Never evaluated. */
  literal: Json;
  object: JsonObject;
  string: string;
  boolean: boolean;
  true: true;
  name: string;
  coroutine: string;
  label: string;
  priority: number;
  /** Milliseconds. */
  duration: number;
  /** Milliseconds; null: for ever. */
  limit: number | null;
  returnWhen: (typeof returnWhenWords)[number];
  raisedType: string;
  /** The type of an error, `Exception` (every error but CancelledError) or `*` (every error). */
  caughtType: string;
  error: RaisedError;
  handler: Handler;
  /** The name of an error type. */
  errorType: string;
  retriedType: string;
  errorTypes: readonly string[];
  retriedTypes: readonly string[];
  attempts: number;
  factor: number;
  /** From 0 to 1. */
  share: number;
  retryPolicy: ObjectOf<(typeof parts)['retryPolicy']>;
  taskOptions: ObjectOf<(typeof parts)['taskOptions']>;
  programArgs: ObjectOf<(typeof parts)['programArgs']>;
  expression: Expression;
  handling: Expression;
  task: Expression;
  member: Expression;
  program: Expression;
  names: readonly string[];
  handlers: readonly Handler[];
  expressions: readonly Expression[];
  tasks: readonly Expression[];
  members: readonly Expression[];
}

type ValuesOf<K extends Keys> = { readonly [Key in keyof K]: Values[K[Key] & Kind] };
type ObjectOf<P extends Part> = ValuesOf<P['required']> & Partial<ValuesOf<P['optional']>>;

export type RaisedError = ObjectOf<(typeof parts)['error']>;
export type Handler = ObjectOf<(typeof parts)['handler']>;

/** The expressions of one head, as in `ExpressionOf<'sleep'>`. */
export type ExpressionOf<H extends Head> = ObjectOf<(typeof grammar)[H]>;
export type Expression = { [H in Head]: ExpressionOf<H> }[Head];

export function headOf(expression: Expression): Head {
  return Object.keys(expression).find((key): key is Head => isHead(key) && key !== 'timeout') ?? 'timeout';
}
