/** Runs a coroutine that uses no operation of the loop, as a worker would: arguments by its schema, then the function. */
import type { CoroutineFunction, Loop } from '@corral/scheduler';

export async function call<Args, Result, Input>(
  fn: CoroutineFunction<Args, Result, Input>,
  args: Input,
  signal: AbortSignal = new AbortController().signal,
  traceHeaders: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const checked = await fn.options.args?.['~standard'].validate(args);
  if (checked?.issues !== undefined)
    throw new TypeError(checked.issues.map(({ path, message }) => `${path?.join('.')}: ${message}`).join('; '));
  return fn.run({ signal, traceHeaders } as Loop, (checked === undefined ? args : checked.value) as Args);
}
