/** The side of a thread: finds the function and runs it. Values cross as JSON, under the rules of the codec. */
import { decode, encode, errorValue } from '../contract/codec.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { ThreadCall } from '../contract/threads.ts';
import { isThreadedFunction } from '../loop/threaded.ts';

/** Default export of the module that a thread begins with. */
export type ThreadEntry = (message: { call: ThreadCall }) => Promise<Outcome>;

/**
 * What the entry module of a thread exports as its default.
 * @param load imports a module by its URL
 */
export const threadEntry =
  (load: (module: string) => Promise<object>): ThreadEntry =>
  async ({ call }) => {
    try {
      const { module, name, args } = call;
      const found = Object.values(await load(module)).find(
        (value) => isThreadedFunction(value) && value.threadedName === name,
      );
      if (found === undefined) throw new TypeError(`toThread: ${module} exports no threaded function named ${name}`);
      return { state: 'succeeded', payload: encode(await found(...(decode(args) as unknown[]))) };
    } catch (error) {
      return { state: 'failed', payload: encode(errorValue(error, call.origin)) };
    }
  };
