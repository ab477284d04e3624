/** Coroutine functions (registered by name) and coroutine objects (called, not started), as in Python. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type CoroutineOptions, checkPolicies } from '../contract/coroutine.ts';
import { InvalidArgumentsError } from '../contract/exceptions.ts';
import type { Loop } from './loop.ts';
import { creator } from './oversights.ts';
import { callerPlace } from './place.ts';

/** A call that has not started. It runs once it is given to `loop.createTask`, `loop.gather` ... */
export class Coroutine<Result> {
  declare readonly result: Result; // for inference only; no such field exists
  readonly coroutineName: string;
  readonly args: unknown;
  /** Who looked at it last. */
  #mark: object | undefined;

  constructor(coroutineName: string, args: unknown) {
    this.coroutineName = coroutineName;
    this.args = args;
  }

  /** Whether each is there once. A set of 100,000 would tell it too, and hold the event loop for 10 ms and more. */
  static areDistinct(coroutines: readonly Coroutine<unknown>[]): boolean {
    const mark = {};
    return coroutines.every((coroutine) => {
      const isNew = coroutine.#mark !== mark;
      coroutine.#mark = mark;
      return isNew;
    });
  }

  /**
   * JavaScript calls this when somebody writes `await foo()`. Python would run foo inside the current task; here it
   * would silently give back the unstarted object, so say what to write instead.
   */
  // biome-ignore lint/suspicious/noThenProperty: being awaited is exactly what must be noticed
  protected then(_resolve: unknown, reject: (error: Error) => void): void {
    creator.getStore()?.given(this); // the error says it
    const call = `${this.coroutineName}(...)`;
    reject(new TypeError(`${call} was awaited but never started: write await loop.createTask(${call})`));
  }
}

export interface CoroutineFunction<Args = never, Result = unknown, Input = Args> {
  (...args: undefined extends Input ? [args?: Input] : [args: Input]): Coroutine<Result>;
  readonly coroutineName: string;
  readonly options: CoroutineOptions;
  /** `file:line:column` of the definition. */
  readonly definedAt: string | undefined;
  /** For the worker: the function itself. */
  readonly run: (loop: Loop, args: Args) => Promise<Result> | Result;
}

// biome-ignore lint/suspicious/noExplicitAny: registries hold coroutines of every type
export type AnyCoroutineFunction = CoroutineFunction<any, any, any>;

const namePattern = /^[A-Za-z0-9_$][A-Za-z0-9_$.:/-]{0,199}$/;

export const isCoroutineName = (name: string): boolean => namePattern.test(name);

type Run<Args, Result> = (loop: Loop, args: Args) => Promise<Result> | Result;

/**
 * Defines a coroutine. `name` is how REST, histories and other workers know it: unique in the cluster.
 * With `options.args` (any Standard Schema) the arguments are checked, and `args` is what the schema makes of them.
 */
export function coroutine<Result, Schema extends StandardSchemaV1>(
  name: string,
  run: Run<StandardSchemaV1.InferOutput<Schema>, Result>,
  options: CoroutineOptions & { args: Schema },
): CoroutineFunction<StandardSchemaV1.InferOutput<Schema>, Result, StandardSchemaV1.InferInput<Schema>>;
export function coroutine<Result, Args = undefined>(
  name: string,
  run: Run<Args, Result>,
  options?: Omit<CoroutineOptions, 'args'>,
): CoroutineFunction<Args, Result>;
export function coroutine(name: string, run: Run<unknown, unknown>, options: CoroutineOptions = {}): unknown {
  if (typeof name !== 'string' || !isCoroutineName(name))
    throw new TypeError(
      `coroutine name ${JSON.stringify(name)}: 1 to 200 letters, digits and _ $ . : / - are allowed, not starting with . : / -`,
    );
  if (typeof run !== 'function') throw new TypeError(`coroutine ${name}: the second argument must be a function`);
  checkPolicies(`coroutine ${name}`, options);
  const define = (args?: unknown) => {
    const made = new Coroutine(name, args);
    creator.getStore()?.made(made, name);
    return made;
  };
  Object.defineProperty(define, 'name', { value: name });
  return Object.assign(define, { coroutineName: name, options, run, definedAt: callerPlace() });
}

export const isCoroutineFunction = (value: unknown): value is AnyCoroutineFunction =>
  typeof value === 'function' && 'coroutineName' in value && 'run' in value && 'options' in value;

/** The arguments as the schema makes them; synchronous unless the schema is asynchronous. */
export function checkArguments(fn: AnyCoroutineFunction, args: unknown): unknown | Promise<unknown> {
  const schema = fn.options.args;
  if (schema === undefined) return args;
  const checked = schema['~standard'].validate(args);
  return checked instanceof Promise ? checked.then((result) => accept(fn, result)) : accept(fn, checked);
}

function accept(fn: AnyCoroutineFunction, result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({
    pointer: (issue.path ?? []).map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join(''),
    detail: issue.message,
  }));
  const text = issues.map(({ pointer, detail }) => `${pointer || 'args'}: ${detail}`).join('; ');
  throw new InvalidArgumentsError(`${fn.coroutineName}: ${text}`, issues);
}
