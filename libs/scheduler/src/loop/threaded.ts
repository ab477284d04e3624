/**
 * Threaded functions. A function cannot cross to a thread, so a thread loads the module that defines it and finds it
 * there by its name; that is why it knows both, and must be exported.
 */

export interface ThreadedFunction<Args extends readonly unknown[] = never, Result = unknown> {
  /** Calls it right here, on the thread of the caller. */
  (...args: Args): Result | Promise<Result>;
  readonly threadedName: string;
  /** URL of the module that defines it. */
  readonly module: string;
}

/**
 * Defines a function that `loop.toThread` can run on a thread. It must be exported by its module.
 * @param name unique in the module
 * @param module `import.meta.url`
 * @param run takes and gives JSON values
 */
export function threaded<Args extends readonly unknown[], Result>(
  name: string,
  module: string,
  run: (...args: Args) => Result | Promise<Result>,
): ThreadedFunction<Args, Result> {
  if (typeof name !== 'string' || name === '')
    throw new TypeError('threaded: the name must be a text that is not empty');
  if (typeof module !== 'string' || !URL.canParse(module))
    throw new TypeError(`threaded ${name}: the second argument must be import.meta.url, not ${JSON.stringify(module)}`);
  if (typeof run !== 'function') throw new TypeError(`threaded ${name}: the third argument must be a function`);
  const call = (...args: Args): Result | Promise<Result> => run(...args);
  Object.defineProperty(call, 'name', { value: name });
  return Object.assign(call, { threadedName: name, module });
}

// biome-ignore lint/suspicious/noExplicitAny: modules hold threaded functions of every type
export const isThreadedFunction = (value: unknown): value is ThreadedFunction<any, unknown> =>
  typeof value === 'function' && 'threadedName' in value && 'module' in value;
